package ipvs

import (
	"encoding/binary"
	"fmt"
)

// Netlink attributes: two bytes length, two bytes type, both in the machine's
// order, then the value, padded to four bytes. The parser is ours because
// nl.ParseRouteAttr slices past the end of its input when the last attribute is
// not padded.

const attrHeader = 4

var native = binary.NativeEndian

// attrType masks the two flag bits (nested, network byte order).
const attrType = 0x3fff

// eachAttr calls f for every attribute of b, in order, until f fails.
func eachAttr(b []byte, f func(typ uint16, value []byte) error) error {
	for len(b) > 0 {
		if len(b) < attrHeader {
			return fmt.Errorf("%d bytes left, an attribute has at least %d", len(b), attrHeader)
		}
		size := int(native.Uint16(b))
		if size < attrHeader || size > len(b) {
			return fmt.Errorf("attribute of %d bytes in %d", size, len(b))
		}
		if err := f(native.Uint16(b[2:])&attrType, b[attrHeader:size]); err != nil {
			return err
		}
		b = b[min(align(size), len(b)):]
	}
	return nil
}

func align(n int) int { return (n + 3) &^ 3 }

// findAttr gives the value of the first attribute of that type.
func findAttr(b []byte, want uint16) (value []byte, err error) {
	err = eachAttr(b, func(typ uint16, v []byte) error {
		if typ == want && value == nil {
			value = v
		}
		return nil
	})
	if err == nil && value == nil {
		err = fmt.Errorf("attribute %d is missing", want)
	}
	return value, err
}

func appendAttr(b []byte, typ uint16, value []byte) []byte {
	b = native.AppendUint16(b, uint16(attrHeader+len(value)))
	b = native.AppendUint16(b, typ)
	b = append(b, value...)
	return append(b, make([]byte, align(len(value))-len(value))...)
}

func appendU8(b []byte, typ uint16, v uint8) []byte { return appendAttr(b, typ, []byte{v}) }

func appendU16(b []byte, typ uint16, v uint16) []byte {
	return appendAttr(b, typ, native.AppendUint16(nil, v))
}

// appendPort adds a number in network byte order.
func appendPort(b []byte, typ uint16, v uint16) []byte {
	return appendAttr(b, typ, binary.BigEndian.AppendUint16(nil, v))
}

func appendU32(b []byte, typ uint16, v uint32) []byte {
	return appendAttr(b, typ, native.AppendUint32(nil, v))
}

// appendNested adds an attribute that holds those that fill adds.
func appendNested(b []byte, typ uint16, fill func([]byte) []byte) []byte {
	start := len(b)
	b = fill(append(b, 0, 0, 0, 0))
	native.PutUint16(b[start:], uint16(len(b)-start))
	native.PutUint16(b[start+2:], typ)
	return b
}

// uintOf reads a number in the machine's byte order. Its size is checked: a
// number of another size than the kernel documents is an error, not a guess.
func uintOf(value []byte, size int) (uint64, error) {
	if len(value) != size {
		return 0, fmt.Errorf("%d bytes where %d are expected", len(value), size)
	}
	switch size {
	case 1:
		return uint64(value[0]), nil
	case 2:
		return uint64(native.Uint16(value)), nil
	case 4:
		return uint64(native.Uint32(value)), nil
	default:
		return native.Uint64(value), nil
	}
}

func portOf(value []byte) (uint16, error) {
	if len(value) != 2 {
		return 0, fmt.Errorf("port of %d bytes", len(value))
	}
	return binary.BigEndian.Uint16(value), nil
}
