// Package control is the way into a running director: HTTP with JSON over a unix socket, and its client.
//
// It sees nothing of the director but its immutable Status. A request is served on its own goroutine and never takes a
// lock that the election, the checks or a reconciler could wait for.
//
//	GET /v1/status    director.Status
//
// Errors come as {"error": "..."} with a 4xx or 5xx code. The socket is mode 0660 and belongs to root and the group of
// the control block; whoever may open it may ask.
package control
