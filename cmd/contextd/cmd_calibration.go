package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/web"
)

func (p *program) calibrationCommand() *cobra.Command {
	return group(&cobra.Command{Use: "calibration", Short: "See and change what reviews prove about confidence"},
		p.calibrationShowCommand(), p.calibrationFitCommand(), p.calibrationRollbackCommand())
}

func (p *program) calibrationShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show [WORKFLOW [FIELD]]",
		Short: "Show per field whether changes may be written without a person, what is missing, and how reliable confidence is",
		Long: "Show per field how much of what is written without a person may be wrong (gate.error_budget), whether reviews have proved that, and about how many more right outcomes are\n" +
			"missing. With a workflow or field also the reliability diagram (what was predicted and what came out right, with counts, and the Brier score) and every version of the fit.",
		Example: "  contextd calibration show\n  contextd calibration show lead_score ai_lead_score",
		Args:    cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "/calibration"
			if len(args) > 0 {
				path += "?" + url.Values{"workflow": {args[0]}}.Encode()
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var list page[web.CalibratedField]
				if _, _, err := c.do(ctx, call{method: http.MethodGet, path: path}, &list); err != nil {
					return err
				}
				if len(args) == 2 {
					for _, f := range list.Items {
						if f.Read.Field == args[1] {
							return out.Value(f, func(w io.Writer) { showField(w, f.Read) })
						}
					}
					return usagef("workflow %s writes no field %q: contextd calibration show lists all", args[0], args[1])
				}
				if len(args) == 1 {
					return out.Value(list, func(w io.Writer) {
						for _, f := range list.Items {
							showField(w, f.Read)
							fmt.Fprintln(w)
						}
					})
				}
				return printList(out, list, list.Items, []column[item[web.CalibratedField]]{
					{"WORKFLOW", func(i item[web.CalibratedField]) string { return i.Read.Workflow }},
					{"FIELD", func(i item[web.CalibratedField]) string { return i.Read.Field }},
					{"BUDGET", func(i item[web.CalibratedField]) string { return budgetText(i.Read.Budget) }},
					{"OUTCOMES", func(i item[web.CalibratedField]) string {
						return fmt.Sprintf("%d, %d wrong", i.Read.Outcomes, i.Read.Wrong)
					}},
					{"FIT", func(i item[web.CalibratedField]) string { return versionText(i.Read.Version) }},
					{"ALONE", func(i item[web.CalibratedField]) string { return aloneText(i.Read) }},
				})
			})
		},
	}
}

func budgetText(b web.CalibrationBudget) string {
	if b.Wrong == 0 {
		return "none"
	}
	return fmt.Sprintf("%g %% at %g %%", 100*b.Wrong, 100*b.Confidence)
}

func versionText(v int) string {
	if v == 0 {
		return "none"
	}
	return strconv.Itoa(v)
}

// aloneText says from which confidence on changes are written without a person, or why they are not.
func aloneText(f web.CalibratedField) string {
	if f.Open {
		return fmt.Sprintf("from confidence %.3f on", f.Threshold)
	}
	return oneLine(f.Why)
}

func showField(w io.Writer, f web.CalibratedField) {
	fmt.Fprintf(w, "%s %s\n", f.Workflow, f.Field)
	fmt.Fprintf(w, "budget     %s\nalone      %s\n", budgetText(f.Budget), aloneText(f))
	fmt.Fprintf(w, "outcomes   %d that count, %d of them wrong\n", f.Outcomes, f.Wrong)
	if f.Budget.Wrong != 0 {
		fmt.Fprintf(w, "looks      %d; the next may err with a chance of %.3g\n", f.Looks, f.NextLevel)
	}
	curve := "the conservative prior"
	if f.Fitted {
		curve = fmt.Sprintf("learned, version %d", f.Version)
	}
	fmt.Fprintf(w, "curve      %s: Brier score %.4f on %d outcomes\n", curve, f.Reliability.Brier, f.Reliability.Count)
	diagram(w, f.Reliability)
	if len(f.Fits) == 0 {
		return
	}
	fmt.Fprintln(w)
	table(w, f.Fits, []column[web.CalibrationFit]{
		{"FIT", func(x web.CalibrationFit) string { return strconv.Itoa(x.Version) }},
		{"MADE", func(x web.CalibrationFit) string { return day(&x.At) }},
		{"OUTCOMES", func(x web.CalibrationFit) string { return strconv.Itoa(x.Outcomes) }},
		{"BUDGET", func(x web.CalibrationFit) string { return budgetText(x.Budget) }},
		{"THRESHOLD", func(x web.CalibrationFit) string {
			if !x.Open {
				return "none"
			}
			return fmt.Sprintf("%.3f", x.Threshold)
		}},
		{"TESTED", func(x web.CalibrationFit) string {
			return fmt.Sprintf("%d, %d wrong, at most %.1f %%", x.Tested, x.Wrong, 100*x.Most)
		}},
		{"STATE", func(x web.CalibrationFit) string {
			switch {
			case x.InForce:
				return "in force"
			case x.TakenBack:
				return "taken back"
			case !x.Open:
				return "proved nothing"
			}
			return "earlier"
		}},
	})
}

// diagram draws reliability as text: per range of confidence how many outcomes there are, what was predicted (|) and what came out right (bar).
func diagram(w io.Writer, r web.Reliability) {
	const wide = 40
	for _, b := range r.Bins {
		right := float64(b.Right) / float64(max(b.Count, 1))
		line := []rune(strings.Repeat("#", int(right*wide+0.5)) + strings.Repeat(" ", wide+1-int(right*wide+0.5)))
		line[min(int(b.Predicted*wide+0.5), wide)] = '|'
		fmt.Fprintf(w, "%.1f-%.1f %6d  %s  predicted %5.1f %%, right %5.1f %%\n", b.From, b.To, b.Count, string(line), 100*b.Predicted, 100*right)
	}
}

func (p *program) calibrationFitCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "fit WORKFLOW FIELD",
		Short: "Work off the outcomes of a field now",
		Long: "Work off the outcomes of a field now. The service does so after every decision; this is for after a change of the configuration. It makes a fit only when one is due, by how many\n" +
			"outcomes there are: a look whenever somebody likes would spend what the error budget promises.",
		Example: "  contextd calibration fit lead_score ai_lead_score",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.changeCalibration(cmd, args, "/fit", map[string]any{})
		},
	}
}

func (p *program) calibrationRollbackCommand() *cobra.Command {
	var to int
	cmd := &cobra.Command{
		Use:   "rollback WORKFLOW FIELD [--to VERSION]",
		Short: "Put an earlier fit of a field in force again",
		Long: "Put an earlier fit in force again: the one before, or the one named; 0 is none, so that everything of the field waits for a person. What came after it is taken back for good. No\n" +
			"outcome is looked at, and what earlier looks have spent of the promise stays spent.",
		Example: "  contextd calibration rollback lead_score ai_lead_score\n  contextd calibration rollback lead_score ai_lead_score --to 0",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{}
			if cmd.Flags().Changed("to") {
				if to < 0 {
					return usagef("--to %d: want 0 for none, or the number of a fit", to)
				}
				body["version"] = to
			}
			return p.changeCalibration(cmd, args, "/rollback", body)
		},
	}
	cmd.Flags().IntVar(&to, "to", 0, "version to go back to, 0 for none; without it the one before")
	return cmd
}

func (p *program) changeCalibration(cmd *cobra.Command, args []string, what string, body map[string]any) error {
	path := "/calibration/" + url.PathEscape(args[0]) + "/" + url.PathEscape(args[1]) + what
	return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
		var f item[web.CalibratedField]
		if _, _, err := c.do(ctx, call{method: http.MethodPost, path: path, body: body}, &f); err != nil {
			return err
		}
		return out.Value(f, func(w io.Writer) { showField(w, f.Read) })
	})
}
