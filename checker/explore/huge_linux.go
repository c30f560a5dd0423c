package explore

import (
	"syscall"
	"unsafe" //det:allow only how fast memory is depends on it
)

// huge asks for large pages behind list, which was just made: the table is read
// at random, and small pages cost a second miss each time.
func huge[T any](list []T) []T {
	const small, advice = 4096, 14 // MADV_HUGEPAGE
	var t T
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(list)))
	skip := -begin % small
	size := uintptr(len(list)) * unsafe.Sizeof(t)
	if size < 1<<18 {
		return list
	}
	room := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), size)
	_ = syscall.Madvise(room[skip:size-(size-skip)%small], advice) // slower without
	return list
}
