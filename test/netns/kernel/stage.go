package kernel

import (
	"fmt"
	"os"
)

// envStage tells a process that it is not the outside, but a part of a world.
const envStage = "LBHA_LAB_STAGE"

// The stages.
const (
	stageKeeper = "keeper" // owns linux.uml
	stageNative = "native" // process 1 of a native world
	stageUML    = "uml"    // process 1 of a UML world
)

// Stage must be the first call of a program that calls Run: if this process was
// started to be a part of a world, it is that part and does not return.
func Stage() {
	stage := os.Getenv(envStage)
	if stage == "" {
		return
	}
	os.Unsetenv(envStage)
	if stage != stageKeeper && os.Getpid() != 1 {
		// A world ends every process it can see.
		fmt.Fprintf(os.Stderr, "lab: %s is for process 1 of a world\n", envStage)
		os.Exit(StatusNoWorld)
	}
	var err error
	switch stage {
	case stageKeeper:
		os.Exit(keep())
	case stageNative:
		err = nativeWorld()
	case stageUML:
		err = umlWorld()
	default:
		err = fmt.Errorf("%s=%q is unknown", envStage, stage)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(StatusNoWorld)
	}
	os.Exit(0)
}
