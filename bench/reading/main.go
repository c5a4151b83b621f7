// Command reading builds what package reading ships: the gazetteer and the
// weights of its two linear models, each from public data.
//
//	go run ./bench/reading gazetteer  ../shared/data/cti reading/names.tsv.gz
//	go run ./bench/reading techniques ../shared/data/cti reading/techniques.bin
//	go run ./bench/reading tagger     ../shared/data/cti reading/tagger.bin
package main

import (
	"fmt"
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1:]); err != nil {
		log.Fatal("reading: ", err)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("use: reading gazetteer|techniques|tagger DATA FILE")
	}
	switch args[0] {
	case "gazetteer":
		return gazetteer(args[1], args[2])
	case "techniques":
		return techniques(args[1], args[2])
	case "tagger":
		return tagger(args[1], args[2])
	}
	return fmt.Errorf("nothing is called %q", args[0])
}
