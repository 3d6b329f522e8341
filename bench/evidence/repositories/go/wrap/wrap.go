// Package wrap breaks text into lines.
package wrap

import (
	"strings"

	"example.org/width"
)

// Lines breaks text at blanks into lines of at most max columns. A longer word has a line of its own.
func Lines(text string, max int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if width.Of(line)+width.Of(word) > max && line != "" {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
