// Package reliability owns the tests that kill the real binary. They start contextd and the simulated HubSpot as processes of their own, let HubSpot events flow
// while one side is killed again and again and the other applies writes whose replies it drops, and then count on both sides what was lost and what was doubled.
// They run through `make reliability`; without CONTEXTD_TEST_KILLS they skip.
package reliability
