package refusal

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/scenarios"
)

// What scenarios learn to say later is refused until somebody has thought of it.
func TestEveryFieldOfAScenarioIsUnderstoodOrRefused(t *testing.T) {
	for _, part := range []any{scenarios.Scenario{}, scenarios.Ensemble{}, scenarios.Work{}, scenarios.Op{}, scenarios.Fault{}} {
		v := reflect.New(reflect.TypeOf(part)).Elem()
		known := strings.Fields(understood[v.Type().Name()])
		require.NotEmpty(t, known)
		for _, name := range known {
			require.True(t, v.FieldByName(name).IsValid(), "%s.%s", v.Type().Name(), name)
		}
		require.Empty(t, strange(part))
		for i := range v.NumField() {
			w := reflect.New(v.Type()).Elem()
			switch f := w.Field(i); f.Kind() {
			case reflect.String:
				f.SetString("x")
			case reflect.Int, reflect.Int64:
				f.SetInt(1)
			case reflect.Bool:
				f.SetBool(true)
			case reflect.Slice:
				f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			default:
				continue // a struct is looked into elsewhere
			}
			name := v.Type().Field(i).Name
			require.Equal(t, !strings.Contains(" "+strings.Join(known, " ")+" ", " "+name+" "), strange(w.Interface()) != "", name)
		}
	}
}
