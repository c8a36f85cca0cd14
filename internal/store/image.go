package store

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"io"
	"os"
)

// empty is a database with the newest schema and nothing in it: what the migrations make of no file, which TestSchemaImage compares with it, table by table. Running them takes
// twenty times as long.
//
//go:embed empty.db.gz
var empty []byte

// emptySchema is the version of empty. Behind the newest migration it is not used.
const emptySchema = 24

// writeEmpty writes the empty database.
func writeEmpty(f *os.File) (err error) {
	r, err := gzip.NewReader(bytes.NewReader(empty))
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r) //nolint:gosec // the bytes are ours
	return errors.Join(err, r.Close())
}
