package syumai

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"grove.place/lattice/tests/workerd"
)

// Classes of the Web in JavaScript. Known answers are those of RFC 4231, 5869, 6070, 8032, of NIST SP 800-38A and of the GCM specification.
func TestWebClasses(t *testing.T) {
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			fmt.Fprint(w, r.Host)
			return
		}
		conn, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		go talkBack(conn)
	}))
	t.Cleanup(echo.Close)
	w := workerd.Worker{Main: "web.mjs", Limits: map[string]int{"LIMIT": 2}, Points: []string{"POINTS"}, Version: "VERSION"}
	onBothHomes(t, "web", w, func(h *home) {
		h.ask(request{path: "/"}, 200, "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8\n")
		for _, c := range [][2]string{
			{"hmac", `5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843 true false {"name":"HMAC","hash":{"name":"SHA-256"},"length":32} {"kty":"oct","key_ops":["sign","verify"],"alg":"HS256","ext":true,"k":"SmVmZQ"}`},
			{"gcm", "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47 true OperationError InvalidAccessError"},
			{"cbc", "32 sixteen bytes... 32"},
			{"ctr", "874d6191b620e3261bef6864990db6ce"},
			{"hkdf", "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865 3cb25f25faacd57a90434f64d0362f2a"},
			{"pbkdf2", "4b007901b765489abead49d926f721d065a429c1"},
			{"ed25519", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b true"},
			{"ecdsa", "true true false private sign verify crv,d,ext,key_ops,kty,x,y 64"},
			{"rsa", "true true false private sign verify alg,d,dp,dq,e,ext,key_ops,kty,n,p,q,qi 256"},
			{"pss", "true true false private sign verify alg,d,dp,dq,e,ext,key_ops,kty,n,p,q,qi 256"},
			{"oaep", "secret true"},
			{"ecdh", "true 48"},
			{"refusals", "InvalidAccessError InvalidAccessError DataError NotSupportedError SyntaxError DataError InvalidAccessError 1024"},
			{"equal", "true false"},
			{"digestStream", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
			{"gzip", "true 1f8b08 10000 again and "},
			{"deflate", "text text TypeError TypeError"},
			{"byob", "hell|o wo|rld"},
			{"byobRequest", "aabb"},
			{"atLeast", "abcdefalse"},
			{"from", "a,b,1,2"},
			{"pattern", `2026 hello false true c false true false a/b a/b true /posts/:year(\d+)/:slug`},
			{"navigator", "Cloudflare-Workers"},
			{"wait", "true AbortError"},
			{"limit", "true,true,false"},
			{"point", "undefined"},
			{"version", "string true string string"},
		} {
			h.ask(request{path: "/" + c[0]}, 200, c[1])
		}
		socket := map[string]string{"X-Socket": strings.Replace(echo.URL, "http", "ws", 1)}
		h.ask(request{path: "/socket", header: socket}, 200, "welcome,you said from a client,1000")
		h.ask(request{path: "/host", header: socket}, 200, "true") // the address says which, whatever a header says
		h.ask(request{path: "/upgrade", header: socket}, 200, "101 welcome 2")
	})
}

// talkBack greets a client, and repeats what it says.
func talkBack(conn net.Conn) {
	defer conn.Close()
	text := "welcome"
	for {
		if err := wsutil.WriteServerText(conn, []byte(text)); err != nil {
			return
		}
		said, err := wsutil.ReadClientText(conn) // answers a Close itself
		if err != nil {
			return
		}
		text = "you said " + string(said)
	}
}
