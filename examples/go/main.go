// Service answers predictions of one model over HTTP, as ../service/openapi.json describes.
//
//	service MODEL [options]
//
// The model is loaded once; all requests share one predictor. SIGTERM and SIGINT end the service after
// it has answered every request that it accepted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"casd.org/casd"
)

// settings are the options of the command line.
type settings struct {
	Address  string
	Pages    string
	Examples string
	MaxBody  int64
	Limit    time.Duration
	Requests int
	Workers  int
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	var s settings
	flags := flag.NewFlagSet("service MODEL", flag.ExitOnError)
	flags.StringVar(&s.Address, "address", "127.0.0.1:8080", "address and port; port 0: any free one")
	flags.StringVar(&s.Pages, "pages", "../service", "folder with index.html and openapi.json")
	flags.StringVar(&s.Examples, "examples", "", "samples for the page: a dataset file, or synthetic")
	flags.Int64Var(&s.MaxBody, "max-body", 4<<20, "largest body of a request in bytes")
	seconds := flags.Float64("seconds", 10, "limit for the arrival of a request and its wait for a worker")
	flags.IntVar(&s.Requests, "requests", 256, "predictions in progress, the arrival of their bodies included")
	flags.IntVar(&s.Workers, "workers", runtime.NumCPU(), "predictions that are computed at the same time")
	if len(arguments) == 0 || arguments[0] == "" || arguments[0][0] == '-' {
		flags.Usage()
		return errors.New("no MODEL was given")
	}
	flags.Parse(arguments[1:])
	s.Limit = time.Duration(*seconds * float64(time.Second))
	if flags.NArg() > 0 || s.MaxBody < 1 || s.Limit <= 0 || s.Requests < 1 || s.Workers < 1 {
		return errors.New("an option is out of range, or there is an argument too many")
	}
	model, err := casd.LoadModel(arguments[0])
	if err != nil {
		return err
	}
	defer model.Close()
	service, err := newService(model, s)
	if err != nil {
		return err
	}
	defer service.Close()
	return serve(service, s)
}

// serve answers requests until a signal, then finishes what was accepted.
func serve(service *service, s settings) error {
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	listener, err := net.Listen("tcp", s.Address)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           service,
		ReadHeaderTimeout: s.Limit,
		IdleTimeout:       60 * time.Second,
		// The handler sets the time limit of each body; this one ends clients that do not read.
		WriteTimeout:   4*s.Limit + 10*time.Second,
		MaxHeaderBytes: 32 << 10,
		ConnState:      follow,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(lateHeads{listener, s.Limit}) }()
	fmt.Printf("listening on http://%s\n", listener.Addr())
	select {
	case err := <-failed:
		return err
	case <-stop.Done():
	}
	service.stopping.Store(true)
	// Closes the listener and idle connections, and waits for the rest.
	patience, done := context.WithTimeout(context.Background(), 4*s.Limit)
	defer done()
	err = server.Shutdown(patience)
	fmt.Fprintf(os.Stderr, "stopped: %d requests accepted\n", service.accepted.Load())
	return err
}

// readPages reads what is served as it is.
func readPages(folder string) (page, description []byte, err error) {
	page, err = os.ReadFile(filepath.Join(folder, "index.html"))
	if err != nil {
		return nil, nil, err
	}
	description, err = os.ReadFile(filepath.Join(folder, "openapi.json"))
	return page, description, err
}
