package wrap

import (
	"reflect"
	"testing"
)

func TestShort(t *testing.T) {
	same(t, Lines("one two", 10), []string{"one two"})
}

func TestBlankCounts(t *testing.T) {
	same(t, Lines("aaaa bbbbb", 9), []string{"aaaa", "bbbbb"})
}

func TestLongWord(t *testing.T) {
	same(t, Lines("a longer b", 4), []string{"a", "longer", "b"})
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
