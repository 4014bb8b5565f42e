// Command validator runs Elastic's package validator: `validator source DIR` on a source tree, `validator build ZIP` on a
// finished package. It applies no exclusions, prints errors and warnings, and ends with 1 when there is an error.
package main

import (
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/elastic/package-spec/v3/code/go/pkg/specerrors"
	"github.com/elastic/package-spec/v3/code/go/pkg/validator"
)

func main() {
	// The library writes warnings to the standard logger.
	log.SetFlags(0)
	log.SetPrefix("warning: ")
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: validator source DIR | validator build ZIP")
		os.Exit(2)
	}
	if err := validate(os.Args[1], os.Args[2]); err != nil {
		report(err)
		os.Exit(1)
	}
	fmt.Println("valid:", os.Args[2])
}

func validate(mode, path string) error {
	switch mode {
	case "source":
		v, err := validator.New(validator.SourceMode)
		if err != nil {
			return err
		}
		return v.ValidateFromPath(path)
	case "build":
		v, err := validator.New(validator.BuildMode)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".zip") {
			return v.ValidateFromZip(path)
		}
		return v.ValidateFromPath(path)
	default:
		return fmt.Errorf("unknown mode %q, known: source, build", mode)
	}
}

func report(err error) {
	if several, ok := err.(specerrors.ValidationErrors); ok {
		for _, one := range several {
			fmt.Println("error:", one)
		}
		return
	}
	fmt.Println("error:", err)
}
