// Package archtest holds the test of who may import whom. It has no code of its
// own; nobody imports it.
//
// The rules are a table in rules_test.go. A rule that stands in the way is
// changed there, on purpose and with its reason, in the commit that needs it.
package archtest
