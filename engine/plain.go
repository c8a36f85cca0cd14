package engine

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// toPlain turns a value into what encoding/json writes without loss. Every field that is not zero is in it, whatever is added to the types later: what cannot be kept,
// such as a function or a field that is not exported, is an error. Floats are text, because NaN and the infinities are values, too.
func toPlain(value any) (any, error) { return plainOf(reflect.ValueOf(value)) }

// plainTime is a moment with the zone that it is told in.
type plainTime struct {
	At   string
	Zone string
}

func plainOf(v reflect.Value) (any, error) {
	switch x := v.Interface().(type) {
	case time.Time:
		return plainTime{x.Format(time.RFC3339Nano), x.Location().String()}, nil
	case Rule:
		return x.String(), nil
	case encoding.TextMarshaler:
		b, err := x.MarshalText()
		return string(b), err
	}
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.String:
		return v.String(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64), nil
	case reflect.Pointer:
		if v.IsNil() {
			return nil, nil
		}
		return plainOf(v.Elem())
	case reflect.Slice, reflect.Array:
		list := make([]any, v.Len())
		for i := range list {
			var err error
			if list[i], err = plainOf(v.Index(i)); err != nil {
				return nil, fmt.Errorf("%d: %w", i, err)
			}
		}
		return list, nil
	case reflect.Map:
		return plainMap(v)
	case reflect.Struct:
		return plainStruct(v)
	}
	return nil, fmt.Errorf("a %s cannot be kept", v.Type())
}

func plainMap(v reflect.Value) (any, error) {
	if v.Type().Key().Kind() != reflect.String {
		return nil, fmt.Errorf("a %s cannot be kept: its keys are no texts", v.Type())
	}
	out := map[string]any{}
	for _, k := range v.MapKeys() {
		one, err := plainOf(v.MapIndex(k))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
		out[k.String()] = one
	}
	return out, nil
}

func plainStruct(v reflect.Value) (any, error) {
	out := map[string]any{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			return nil, fmt.Errorf("%s.%s cannot be kept: it is not exported", v.Type(), f.Name)
		}
		if v.Field(i).IsZero() {
			continue
		}
		one, err := plainOf(v.Field(i))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		out[f.Name] = one
	}
	return out, nil
}

// fromPlain fills a value from the text of a plain one. What has no field is an error: a word that it had a part in could not be repeated without it.
func fromPlain(text string, into any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		return err
	}
	return fill(reflect.ValueOf(into).Elem(), doc)
}

func fill(v reflect.Value, doc any) error {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		return fillTime(x, doc)
	case *Rule:
		return fillRule(x, doc)
	case encoding.TextUnmarshaler:
		text, ok := doc.(string)
		if !ok {
			return mismatch(v, doc)
		}
		return x.UnmarshalText([]byte(text))
	}
	switch d := doc.(type) {
	case bool:
		if v.Kind() == reflect.Bool {
			v.SetBool(d)
			return nil
		}
	case json.Number:
		n, err := d.Int64()
		if err == nil && v.CanInt() && !v.OverflowInt(n) {
			v.SetInt(n)
			return nil
		}
	case string:
		if v.Kind() == reflect.String {
			v.SetString(d)
			return nil
		}
		if f, err := strconv.ParseFloat(d, 64); err == nil && v.CanFloat() {
			v.SetFloat(f)
			return nil
		}
	case []any:
		if v.Kind() == reflect.Slice || v.Kind() == reflect.Array && v.Len() == len(d) {
			return fillList(v, d)
		}
	case map[string]any:
		switch v.Kind() {
		case reflect.Struct:
			return fillStruct(v, d)
		case reflect.Map:
			return fillMap(v, d)
		}
	}
	if v.Kind() == reflect.Pointer && doc != nil {
		v.Set(reflect.New(v.Type().Elem()))
		return fill(v.Elem(), doc)
	}
	return mismatch(v, doc)
}

func mismatch(v reflect.Value, doc any) error { return fmt.Errorf("%v is no %s", doc, v.Type()) }

func fillList(v reflect.Value, list []any) error {
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
	}
	for i, one := range list {
		if err := fill(v.Index(i), one); err != nil {
			return fmt.Errorf("%d: %w", i, err)
		}
	}
	return nil
}

func fillMap(v reflect.Value, all map[string]any) error {
	v.Set(reflect.MakeMap(v.Type()))
	for k, one := range all {
		value := reflect.New(v.Type().Elem()).Elem()
		if err := fill(value, one); err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
		v.SetMapIndex(reflect.ValueOf(k).Convert(v.Type().Key()), value)
	}
	return nil
}

func fillStruct(v reflect.Value, fields map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f := v.FieldByName(name)
		if !f.IsValid() || !f.CanSet() {
			return fmt.Errorf("%s has no field %q", v.Type(), name)
		}
		if err := fill(f, fields[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func fillTime(into *time.Time, doc any) error {
	var p plainTime
	text, err := json.Marshal(doc)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, p.At)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(p.Zone)
	if p.Zone == "" || p.Zone == "Local" || err != nil || !sameOffset(at, zone) {
		_, offset := at.Zone()
		zone = time.FixedZone(p.Zone, offset) // no zone with a name, or one that was defined otherwise then: the clock on the wall is what counts
	}
	*into = at.In(zone)
	return nil
}

func sameOffset(at time.Time, zone *time.Location) bool {
	_, then := at.Zone()
	_, now := at.In(zone).Zone()
	return then == now
}

func fillRule(into *Rule, doc any) error {
	text, ok := doc.(string)
	if !ok || text == "" { // a rule that was never compiled has no text
		return nil
	}
	r, err := CompileRule(text)
	*into = r
	return err
}
