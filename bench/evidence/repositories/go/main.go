// Command columns breaks its standard input into lines of at most 20 columns.
package main

import (
	"fmt"
	"io"
	"os"

	"example.org/columns/wrap"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, line := range wrap.Lines(string(text), 20) {
		fmt.Println(line)
	}
}
