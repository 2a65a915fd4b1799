package ipvs

import (
	"errors"
	"strings"
	"testing"
)

// On whatever kernel this runs: a kernel that can be used, or one clear reason.
func TestOpenSaysWhatIsMissing(t *testing.T) {
	_, err := Open()
	switch {
	case err == nil, errors.Is(err, ErrPermission):
	case errors.Is(err, ErrNoIPVS):
		if !strings.Contains(err.Error(), "modprobe ip_vs") || strings.Contains(err.Error(), "\n") {
			t.Errorf("not one sentence that says what to do: %v", err)
		}
	default:
		t.Error(err)
	}
}
