package ipvs

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// translate gives the errors that mean the same for every request. It is the
// only place, with explain and explainOp, that knows errnos.
func translate(err error) error {
	switch {
	case errors.Is(err, unix.EEXIST):
		return ErrExists
	case errors.Is(err, unix.ESRCH), errors.Is(err, unix.ENOENT):
		return ErrNotFound
	case errors.Is(err, unix.EPERM):
		return ErrPermission
	case errors.Is(err, unix.EAGAIN): // nl's word for its receive timeout
		return ErrTimeout
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ERANGE):
		return fmt.Errorf("%w (%w)", ErrInvalid, err)
	}
	return err
}

// explain is translate for requests that cannot be answered by ENOENT: that
// is what generic netlink says when the family is gone.
func (k *kernel) explain(err error) error {
	if errors.Is(err, unix.ENOENT) {
		if gone := k.familyGone(); gone != nil {
			return gone
		}
	}
	return translate(err)
}

// explainOp is explain for an operation, where ENOENT and EINVAL can mean more.
func (k *kernel) explainOp(op Op, err error) error {
	gone := k.explain(err)
	switch {
	case everywhere(gone):
		return gone
	case errors.Is(err, unix.ENOENT) && !op.Kind.ofDest():
		return ErrScheduler{Name: op.Spec.Scheduler, Engine: op.Spec.Engine}
	case errors.Is(err, unix.EINVAL) && op.Kind == AddDest && loopbackDown():
		return ErrLoopback
	}
	return gone
}

// familyGone says whether ip_vs was unloaded, or loaded again under another
// number, since it was opened.
func (k *kernel) familyGone() error {
	family, err := findFamily()
	if err != nil {
		return err
	}
	if family != k.family {
		return ErrReloaded
	}
	return nil
}

func loopbackDown() bool {
	lo, err := netlink.LinkByName("lo")
	return err == nil && lo.Attrs().Flags&net.FlagUp == 0
}
