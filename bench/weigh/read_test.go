package main

import (
	"slices"
	"testing"
)

func TestWords(t *testing.T) {
	one := words([]byte("<?php $path = $_GET['f']; echo $path; // of a page"))
	if renamed := words([]byte("<?php $nail = $_GET['f']; echo $nail; // of a page")); !slices.Equal(one, renamed) {
		t.Error("the name of a variable is a sign")
	}
	for _, more := range []string{"$_POST['f']; echo $path; // of a page", "$_GET['f']; eval($path); // of a page", "$_GET['f']; echo $path; /** a page */"} {
		if slices.Equal(one, words([]byte("<?php $path = "+more))) {
			t.Errorf("%q has the same words", more)
		}
	}
}
