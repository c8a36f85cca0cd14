package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/spf13/cobra"
)

func (p *program) tokenCommand() *cobra.Command {
	return group(&cobra.Command{Use: "token", Short: "Give and take access to the API"}, p.tokenCreateCommand(), p.tokenListCommand(), p.tokenRevokeCommand())
}

func (p *program) tokenCreateCommand() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use:     "create NAME --role ROLE",
		Short:   "Create a token; it is shown once and stored hashed",
		Example: "  contextd token create dashboard --role viewer",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"viewer", "reviewer", "approver", "admin"}, role) {
				return usagef("--role %q is not a role: use viewer, reviewer, approver or admin", role)
			}
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var t item[tokenView]
				if _, _, err := c.do(ctx, call{method: http.MethodPost, path: "/tokens", body: map[string]string{"name": args[0], "role": role}}, &t); err != nil {
					return err
				}
				out.Say("This is the only time the token is shown.")
				return out.Value(t, func(w io.Writer) { fmt.Fprintln(w, t.Read.Token) })
			})
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "viewer, reviewer, approver or admin")
	return cmd
}

func (p *program) tokenListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List tokens; never their secrets",
		Example: "  contextd token list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				var list page[tokenView] // there are few: the list has no pages
				if _, _, err := c.do(ctx, call{method: http.MethodGet, path: "/tokens"}, &list); err != nil {
					return err
				}
				return printList(out, list, list.Items, []column[item[tokenView]]{
					{"NAME", func(t item[tokenView]) string { return t.Read.Name }},
					{"ROLE", func(t item[tokenView]) string { return t.Read.Role }},
					{"CREATED", func(t item[tokenView]) string { return day(t.Read.CreatedAt) }},
					{"USED", func(t item[tokenView]) string { return day(t.Read.UsedAt) }},
					{"REVOKED", func(t item[tokenView]) string { return day(t.Read.RevokedAt) }},
				})
			})
		},
	}
}

func (p *program) tokenRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "revoke NAME…",
		Short:   "Revoke tokens at once",
		Example: "  contextd token revoke dashboard",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withClient(cmd, func(ctx context.Context, c *apiClient, out *output) error {
				return decideAll(ctx, out, args, func(ctx context.Context, name string) (string, error) {
					_, _, err := c.do(ctx, call{method: http.MethodDelete, path: "/tokens/" + url.PathEscape(name)}, nil)
					return "revoked", err
				})
			})
		},
	}
}
