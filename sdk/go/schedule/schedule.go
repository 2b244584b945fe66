// Package schedule is for guests that are run by the tenant's timetable, guest_schedule. Its export is there only for those that import it.
package schedule

import "unsafe"

var handler func(name string) error

// Handle says what a run does; name is the one that the timetable has. An error is in the tenant's log as a failure.
func Handle(run func(name string) error) { handler = run }

//go:wasmexport on_schedule
func onSchedule(name, n uint32) int32 {
	if handler == nil || handler(unsafe.String((*byte)(unsafe.Pointer(uintptr(name))), n)) != nil {
		return -1
	}
	return 0
}
