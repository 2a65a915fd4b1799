package health

import (
	"container/heap"
	"time"
)

// taskHeap orders tasks by the time at which each needs attention. A task is in
// one heap at most; task.at must not change meanwhile.
type taskHeap struct{ order taskOrder }

// push puts t in, to come up at the given time.
func (h *taskHeap) push(t *task, at time.Duration) {
	t.at, t.heap = at, h
	heap.Push(&h.order, t)
}

// next returns when the first task is due, false if there is none.
func (h *taskHeap) next() (time.Duration, bool) {
	if len(h.order) == 0 {
		return 0, false
	}
	return h.order[0].at, true
}

// popDue takes out the first task if it is due at now, else returns nil.
func (h *taskHeap) popDue(now time.Duration) *task {
	if at, ok := h.next(); !ok || at > now {
		return nil
	}
	t := heap.Pop(&h.order).(*task)
	t.heap = nil
	return t
}

// leave takes t out of the heap it is in, if any.
func (t *task) leave() {
	if t.heap != nil {
		heap.Remove(&t.heap.order, t.index)
		t.heap = nil
	}
}

type taskOrder []*task

func (o taskOrder) Len() int           { return len(o) }
func (o taskOrder) Less(i, j int) bool { return o[i].at < o[j].at }

func (o taskOrder) Swap(i, j int) {
	o[i], o[j] = o[j], o[i]
	o[i].index, o[j].index = i, j
}

func (o *taskOrder) Push(x any) {
	t := x.(*task)
	t.index = len(*o)
	*o = append(*o, t)
}

func (o *taskOrder) Pop() any {
	last := len(*o) - 1
	t := (*o)[last]
	(*o)[last] = nil
	*o = (*o)[:last]
	return t
}
