// SPDX-License-Identifier: MIT

// Gobank is the benchmark's peer: the bank that a reader of a tutorial on Go's concurrency would
// write. net/http gives each request a goroutine, database/sql a connection of a pool, and
// PostgreSQL the safety: a transfer is a transaction of its own that locks its two accounts in the
// order of their numbers. It keeps no idempotency keys, and checks no token.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"log"
	"net/http"

	_ "github.com/lib/pq"
)

const schema = `
DROP TABLE IF EXISTS transfer, account;
CREATE TABLE account (
    id      bigint PRIMARY KEY,
    balance bigint NOT NULL CHECK (balance >= 0)
) WITH (fillfactor = 70);
CREATE TABLE transfer (
    id      bigserial PRIMARY KEY,
    from_id bigint NOT NULL,
    to_id   bigint NOT NULL,
    amount  bigint NOT NULL CHECK (amount > 0),
    at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON transfer (from_id, id);
CREATE INDEX ON transfer (to_id, id)`

const (
	fill = `INSERT INTO account SELECT id, 1000000000 FROM generate_series(1, $1::bigint) id`
	move = `UPDATE account SET balance = balance + $2 WHERE id = $1 AND balance + $2 >= 0`
	note = `INSERT INTO transfer (from_id, to_id, amount) VALUES ($1, $2, $3) RETURNING id`
)

// errRefused: an account is not there, or has not enough.
var errRefused = errors.New("insufficient funds")

type transfer struct {
	From   int64 `json:"from"`
	To     int64 `json:"to"`
	Amount int64 `json:"amount"`
}

type bank struct {
	db         *sql.DB
	move, note *sql.Stmt
}

// open drops the tables and makes them, with accounts 1 to n of 1,000,000,000 each.
func open(dsn string, connections int, n int64) (*bank, error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if _, err = db.Exec(schema); err != nil {
		return nil, err
	}
	if _, err = db.Exec(fill, n); err != nil {
		return nil, err
	}
	b := &bank{db: db}
	if b.move, err = db.Prepare(move); err != nil {
		return nil, err
	}
	if b.note, err = db.Prepare(note); err != nil {
		return nil, err
	}
	return b, nil
}

// add changes one balance; its row stays locked until the transaction ends.
func (b *bank) add(ctx context.Context, tx *sql.Tx, id, amount int64) error {
	result, err := tx.StmtContext(ctx, b.move).ExecContext(ctx, id, amount)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errRefused
	}
	return nil
}

// transfer carries one out and returns its number. The lower account is locked first, so two
// transfers in opposite directions cannot wait for each other.
func (b *bank) transfer(ctx context.Context, t transfer) (id int64, err error) {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() // does nothing after Commit
	first, second := t.From, t.To
	amount := -t.Amount
	if first > second {
		first, second, amount = second, first, -amount
	}
	if err = b.add(ctx, tx, first, amount); err != nil {
		return 0, err
	}
	if err = b.add(ctx, tx, second, -amount); err != nil {
		return 0, err
	}
	row := tx.StmtContext(ctx, b.note).QueryRowContext(ctx, t.From, t.To, t.Amount)
	if err = row.Scan(&id); err != nil {
		return 0, err
	}
	return id, tx.Commit()
}

func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var t transfer
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&t)
	if err != nil || t.Amount <= 0 || t.From == t.To {
		http.Error(w, "not a transfer", http.StatusBadRequest)
		return
	}
	switch id, err := b.transfer(r.Context(), t); {
	case errors.Is(err, errRefused):
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]int64{"id": id})
	}
}

func main() {
	address := flag.String("listen", "127.0.0.1:8098", "address to listen on")
	dsn := flag.String("database", "", "PostgreSQL connection string; its tables are dropped and made")
	connections := flag.Int("connections", 16, "connections to PostgreSQL")
	accounts := flag.Int64("accounts", 10000, "accounts to make")
	flag.Parse()
	b, err := open(*dsn, *connections, *accounts)
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/transfers", b)
	log.Fatal(http.ListenAndServe(*address, nil))
}
