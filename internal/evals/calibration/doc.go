// Package calibration proves by simulation that error budgets hold: portals with known error rates and drift, reviewers who decide one change after the other, and the fits,
// thresholds and alarms that follow, beside the fixed threshold and the model's own confidence.
package calibration
