//go:build lab

package ipvs

// RawRequest sends what no method of Kernel does, for tests of the kernel
// itself. dest may be the zero value.
func RawRequest(k Kernel, cmd uint8, flags int, key ServiceKey, each func(msg []byte)) error {
	return k.(*kernel).socket.request(cmd, flags, appendService(nil, key), func(msg []byte) error {
		each(msg)
		return nil
	})
}

// RawServiceFlags gives the flags of a service message as the kernel sent them.
func RawServiceFlags(msg []byte) uint32 {
	value, err := findAttr(msg, attrService)
	if err != nil {
		return 0
	}
	flags, err := findAttr(value, svcFlags)
	if err != nil {
		return 0
	}
	return native.Uint32(flags)
}

// Commands for RawRequest.
const (
	CmdGetService = cmdGetService
	CmdGetDest    = cmdGetDest
)

// CloseKernel closes the sockets, so that the namespace can end.
func CloseKernel(k Kernel) {
	k.(*kernel).socket.close()
	k.(*kernel).services.handle.Close()
}
