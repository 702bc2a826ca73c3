// A function of Alibaba Function Compute in Go: an HTTP server, nothing but the standard library.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
)

// order is what a message of the queue holds.
type order struct {
	Customer string  `json:"customer"`
	Amount   float64 `json:"amount"`
}

// message is one element of what the event source delivers.
type message struct {
	ID   string `json:"id"`
	Data struct {
		MessageBody json.RawMessage `json:"messageBody"`
	} `json:"data"`
}

type ledger struct {
	sync.Mutex
	sums map[string]float64
}

func (l *ledger) add(each order) {
	l.Lock()
	defer l.Unlock()
	l.sums[each.Customer] += each.Amount
}

func (l *ledger) text(currency string) []byte {
	l.Lock()
	defer l.Unlock()
	told, _ := json.Marshal(map[string]interface{}{"currency": currency, "customers": l.sums})
	return told
}

// read returns the order of a message, whose body is JSON or JSON within a string.
func read(body json.RawMessage) (order, error) {
	var text string
	if json.Unmarshal(body, &text) == nil {
		body = json.RawMessage(text)
	}
	var found order
	err := json.Unmarshal(body, &found)
	if err == nil && found.Customer == "" {
		err = fmt.Errorf("there is no customer in %s", body)
	}
	return found, err
}

func main() {
	books := &ledger{sums: map[string]float64{}}
	currency := os.Getenv("CURRENCY")

	// Once, before the first event.
	http.HandleFunc("/initialize", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("the books are open, in", currency)
	})
	// Every event; the answer's body is the result.
	http.HandleFunc("/invoke", func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("x-fc-request-id")
		event, _ := io.ReadAll(r.Body)
		var messages []message
		if err := json.Unmarshal(event, &messages); err != nil {
			fail(w, fmt.Errorf("the event is no array of messages: %w", err))
			return
		}
		for _, each := range messages {
			found, err := read(each.Data.MessageBody)
			if err != nil {
				fail(w, fmt.Errorf("message %s: %w", each.ID, err))
				return
			}
			fmt.Printf("%s %s owes %.2f %s more\n", id, found.Customer, found.Amount, currency)
			books.add(found)
		}
		w.Write(books.text(currency))
	})
	http.HandleFunc("/pre-stop", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("the books are closed")
	})
	// Everything else comes from the HTTP trigger, as the client sent it.
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(books.text(currency))
	})
	log.Fatal(http.ListenAndServe("0.0.0.0:"+port(), nil))
}

// fail reports a function error: the header says so, the body is what the caller gets.
func fail(w http.ResponseWriter, err error) {
	w.Header().Set("x-fc-status", "404")
	told, _ := json.Marshal(map[string]string{"errorMessage": err.Error()})
	w.Write(told)
}

func port() string {
	if told := os.Getenv("FC_CUSTOM_LISTEN_PORT"); told != "" {
		return told
	}
	return "9000"
}
