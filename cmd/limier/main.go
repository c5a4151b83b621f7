// Command limier reads evidence of a web or mail server and says whether it
// was breached, how, and what was left behind.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"limier/fleet/agent"
)

// Exit codes, as `limier --help` documents them.
const (
	exitNothing  = 0 // no sign found
	exitFindings = 1
	exitFailed   = 2 // the job could not be done, or not to its end
)

// errFindings ends a command that found something: it is no failure.
var errFindings = errors.New("findings")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends what does not heed the first
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process around it, so that tests can call it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	out := &answer{Writer: stdout}
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if out.err != nil {
		err = fmt.Errorf("what was to be said is cut short: %w", out.err)
	}
	switch {
	case err == nil:
		return exitNothing
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "limier: interrupted; what was found until then is incomplete")
	default:
		fmt.Fprintln(stderr, "limier:", strings.ReplaceAll(err.Error(), "\n", "\nlimier: ")) // several joined
	}
	return exitFailed
}

// An answer is standard output, and remembers what went wrong there: a command
// that could not say all has not done its job.
type answer struct {
	io.Writer
	err error
}

func (o *answer) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	o.err = cmp.Or(o.err, err)
	return n, err
}

// fileOf is the file, perhaps a terminal, that w writes to.
func fileOf(w io.Writer) (*os.File, bool) {
	if o, ok := w.(*answer); ok {
		w = o.Writer
	}
	f, ok := w.(*os.File)
	return f, ok
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "limier",
		Short: "Was this server breached, how, and what was left behind?",
		Long: `Limier reads the evidence of a Microsoft Exchange, IIS, SharePoint or other web
server (logs, event logs, files, configuration), live or copied, and answers:
was it breached, how and when, what was left behind, what was done next. The
answer comes with its proof and its blind spots. A scan only reads: nothing
from the evidence is executed, changed or sent anywhere.

Exit codes: 0 no sign found, 1 findings, 2 the job could not be done.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		scanCommand(),
		reportCommand(),
		attributeCommand(),
		exportCommand(),
		caseCommand(),
		keyCommand(),
		kbCommand(),
		readCommand(),
		webshellCommand(),
		rulesCommand(),
		explainCommand(),
		probeCommand(),
		statementCommand(),
		taxiiCommand(),
		feedCommand(),
		agent.Command(collector()),
		serveCommand(),
		versionCommand(),
		evalCommand(),
	)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.Version = version()
	root.SetVersionTemplate("limier {{.Version}}\n")
	helpful(root)
	return root
}
