// Package host stands in for the real one: only the names matter here.
package host

type (
	Mono  int64
	Wall  int64
	Clock interface {
		Mono() Mono
		Wall() Wall
	}
	Call struct{ fn any }
)

func Bind[P, A any](m func(P, A), a A) Call                   { return Call{m} }
func BindResult[P, A, R any](m func(P, A, R), a A) Call       { return Call{m} }
func After[P, A any](h Clock, d int64, m func(P, A), a A) int { return 0 }
