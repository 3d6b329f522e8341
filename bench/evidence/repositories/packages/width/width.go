// Package width counts the columns of a text.
package width

import "unicode/utf8"

// Of is the number of columns that a text takes.
func Of(text string) int {
	return utf8.RuneCountInString(text)
}
