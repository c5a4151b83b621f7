// Command limier reads evidence of a web or mail server and says whether it
// was breached.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "limier:", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) >= 2 && args[0] == "eval" && args[1] == "webshell" {
		return evalWebshell(ctx, args[2:], stdin, stdout)
	}
	return errors.New("usage: limier eval webshell --manifest FILE --root DIR")
}
