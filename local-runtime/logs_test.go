package local_test

import (
	"net/http/httptest"
	"testing"

	"grove.place/lattice/local-runtime"
)

func TestWhatIsLoggedAsJSONReachesTheLoggerOfTheHostAsItWasGiven(t *testing.T) {
	var log lockedBuffer
	host := local.StartTest(t, local.TestOptions{Package: "./testdata/logs", Options: local.Options{Logger: log.logger()}})
	host.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	log.waitFor(t, `level=WARN msg="said \"hello\"" site="a b" n=3 wait=1s who="{\"name\":\"ann\"}"`)
	log.waitFor(t, `level=INFO msg="{\"timestamp\": this is no JSON"`)
}
