// Package report writes findings: as text for people ([NewText]), as JSON for
// programs ([NewJSON], [NewJSONLines]), and in the formats that CI systems and
// other tools read; [New] makes a Writer by the name of its format.
//
//	w := report.NewText(os.Stdout, report.TextOptions{})
//	for f := range findings {
//		err := w.Write(f)
//	}
//	err := w.Close(report.Result{Summary: sum})
//
// # Promises
//
// No writer shows the clear text of a secret unless its options ask for it.
// [Masked] also hides secrets that stand in a path, a commit's subject or an
// error. No control character of a path, a line or a commit reaches the
// output as it is, so nothing that is scanned can draw on the terminal, or
// begin a line that a CI system would take for a command. Findings come out
// in the order in which they were written, but in formats that show the most
// severe first. A report is the same however many workers a scan had, as long as
// the times in Options and Result are.
//
// Formats that allow it are written as findings come. Of the others, which need
// a number or an order first, each keeps a bounded number of findings, and says
// how many it left out.
//
// The package knows neither colours nor terminals: how a part of the text
// looks is the business of the function in [TextOptions].
package report
