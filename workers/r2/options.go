package r2

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
)

// Range is a part of an object. Either Suffix, the number of last bytes, or Offset and Length; Length 0 is up to the end.
type Range struct {
	Offset int64 `json:"offset,omitempty"`
	Length int64 `json:"length,omitempty"`
	Suffix int64 `json:"suffix,omitempty"`
}

// Conditions must all hold for an operation to take place. As in HTTP, UploadedAfter does not count when ETagDoesNotMatch holds, nor UploadedBefore when
// ETagMatches does. The ETags are Object.ETag, without quotes, or "*" for any.
//
// See https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#conditional-operations.
type Conditions struct {
	ETagMatches        string    `json:"etagMatches,omitempty"`
	ETagDoesNotMatch   string    `json:"etagDoesNotMatch,omitempty"`
	UploadedBefore     time.Time `json:"uploadedBefore,omitzero"`
	UploadedAfter      time.Time `json:"uploadedAfter,omitzero"`
	SecondsGranularity bool      `json:"secondsGranularity,omitempty"` // compare times in whole seconds, as HTTP's headers have them
}

// GetOptions change what Get returns.
type GetOptions struct {
	OnlyIf  *Conditions
	Range   *Range
	Header  http.Header // of a request, whose If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since and Range stand for OnlyIf and Range
	SSECKey []byte      // the customer's key, of 32 bytes, that the object was stored with; local hosts do not encrypt
}

// PutOptions describe what Put stores. A checksum that does not fit the content is an error, and nothing is stored; there can be one.
type PutOptions struct {
	OnlyIf         *Conditions
	Header         http.Header // of a request, whose conditions stand for OnlyIf
	HTTPMetadata   HTTPMetadata
	CustomMetadata map[string]string // names and values together at most 8,192 bytes

	MD5, SHA1, SHA256, SHA384, SHA512 []byte

	StorageClass string // "Standard" or "InfrequentAccess"; "": as the bucket is configured
	SSECKey      []byte // a key of 32 bytes to encrypt with, which R2 does not keep; local hosts do not encrypt
}

// Sized is a body of which the caller knows how many bytes it has, for Put and UploadPart to stream it.
func Sized(body io.Reader, size int64) io.Reader {
	if known, ok := body.(interface{ Len() int }); ok && int64(known.Len()) == size {
		return body
	}
	return &sized{body, size}
}

type sized struct {
	io.Reader
	left int64
}

func (s *sized) Len() int { return int(s.left) }

func (s *sized) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.left -= int64(n)
	return n, err
}

// valueOf turns options into the structured value of their JavaScript form, nil into undefined.
func valueOf[T any](o *T) (abi.Value, error) {
	if o == nil {
		return abi.Undefined{}, nil
	}
	var w abi.Writer
	if err := codec.Marshal(&w, o); err != nil {
		return nil, fmt.Errorf("r2: options: %w", err)
	}
	r := abi.NewReader(w.Bytes())
	return r.Value(), r.Err()
}

// pairs are headers as the list that JavaScript's Headers are made of.
func pairs(h http.Header, names ...string) [][]string {
	list := [][]string{}
	for _, name := range names {
		if v := h.Values(name); len(v) > 0 {
			list = append(list, []string{name, strings.Join(v, ", ")})
		}
	}
	return list
}

// onlyIf are the conditions of options, in the form of the ABI.
func onlyIf(o *Conditions, h http.Header) any {
	switch {
	case h != nil:
		return pairs(h, "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")
	case o != nil:
		return o
	}
	return nil
}

func (o *GetOptions) value() (abi.Value, error) {
	if o == nil {
		return abi.Undefined{}, nil
	}
	var get struct {
		OnlyIf  any    `json:"onlyIf,omitempty"`
		Range   any    `json:"range,omitempty"`
		SSECKey []byte `json:"ssecKey,omitempty"`
	}
	get.OnlyIf, get.SSECKey = onlyIf(o.OnlyIf, o.Header), o.SSECKey
	if o.Header != nil {
		get.Range = pairs(o.Header, "Range")
	} else if o.Range != nil {
		get.Range = o.Range
	}
	return valueOf(&get)
}

func putOptions(o *PutOptions) (abi.Value, error) {
	if o == nil {
		return abi.Undefined{}, nil
	}
	type put struct {
		OnlyIf         any               `json:"onlyIf,omitempty"`
		HTTPMetadata   HTTPMetadata      `json:"httpMetadata"`
		CustomMetadata map[string]string `json:"customMetadata,omitempty"`
		MD5            []byte            `json:"md5,omitempty"`
		SHA1           []byte            `json:"sha1,omitempty"`
		SHA256         []byte            `json:"sha256,omitempty"`
		SHA384         []byte            `json:"sha384,omitempty"`
		SHA512         []byte            `json:"sha512,omitempty"`
		StorageClass   string            `json:"storageClass,omitempty"`
		SSECKey        []byte            `json:"ssecKey,omitempty"`
	}
	return valueOf(&put{onlyIf(o.OnlyIf, o.Header), o.HTTPMetadata, o.CustomMetadata, o.MD5, o.SHA1, o.SHA256, o.SHA384, o.SHA512, o.StorageClass, o.SSECKey})
}
