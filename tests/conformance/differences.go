package main

// difference is why a case is answered in two ways.
type difference struct {
	why   string
	local bool // only the local host differs; otherwise both homes of the Go app answer otherwise than JavaScript, and alike
}

const (
	typed     = "a Go method has typed parameters: what does not fit is a TypeError that names the argument, where JavaScript goes on with it"
	nothing   = "Go has no undefined: nil is null, which can be stored"
	zeroLimit = "the zero value of ListOptions.Limit is no limit"
	goSQL     = "SQL arguments follow Go's conventions: bool is 1 or 0, time.Time is milliseconds; JavaScript binds their text"
	queueText = "the queue broker of wrangler dev refuses with an unknown internal error; the local host says which limit it is"
	goQueue   = "the SDK refuses before anything is sent, and says what to pass; JavaScript asks workerd or the broker"
	badCursor = "wrangler dev begins anew with a cursor that is none; the local host refuses it, as Cloudflare does"
	waitedFor = "an error of WaitUntil is logged; in JavaScript a rejected waitUntil makes the run an exception"
	firstSaid = "the broker of wrangler dev forgets what was acknowledged when the consumer throws or retries all; Cloudflare keeps it, and so does the SDK"
	cloneText = "the text names the Go type that cannot be cloned, and where it is; DOM error codes stay in JavaScript"
	anew      = "a stub of a facet that was reset starts it again; in JavaScript it stays broken, and `ctx.facets.get` gives a new one"
	history   = "the local host keeps 30 days of history, as production does; workerd has none"
	kvIndices = "workerd leaves keys that are numbers out of what it reads at once; the SDK reads those one by one"
	noContent = "the store of wrangler dev fails on a response without a body; the local host keeps it"
	goTypes   = "a Go value that cannot be bound is refused with its type and what to pass; the text of JavaScript's is D1_TYPE_ERROR"
	emptySQL  = "the SDK says that a statement of a batch was empty, and that the others ran; JavaScript gets fewer results"
	atCommit  = "a constraint that fails when a batch commits is an internal error of wrangler dev; the local host says which constraint"
	atTheEnd  = "wrangler dev has no code for a range that begins where the object ends; the local host says 10039"
	below     = "workerd takes a negative limit for a large one; the local host refuses it as 1,001"
	class     = "wrangler dev leaves the storage class out; the local host has Cloudflare's default"
	rowCounts = "workerd counts rows in a patched SQLite; the local host counts what SQLite's own API shows"
)

// differences documents every case that is not answered alike, by name. A difference that is no more is reported.
var differences = map[string]difference{
	"scheduled/what it waits for fails":                   {why: waitedFor},
	"workers kv list/bad cursor":                          {why: badCursor, local: true},
	"rpc/wrong argument type":                             {why: typed},
	"rpc/wrong struct":                                    {why: typed},
	"rpc/wrong field type":                                {why: typed},
	"rpc/missing argument":                                {why: typed},
	"rpc/too many arguments":                              {why: typed},
	"rpc/argument where none is taken":                    {why: typed},
	"entrypoint/wrong argument type":                      {why: typed},
	"entrypoint/missing argument":                         {why: typed},
	"entrypoint/too many arguments":                       {why: typed},
	"entrypoint/not cloneable":                            {why: cloneText},
	"queue/too large":                                     {why: queueText, local: true},
	"queue/too many":                                      {why: queueText, local: true},
	"queue refusal/nothing in a batch":                    {why: goQueue},
	"queue refusal/unknown content type":                  {why: goQueue},
	"queue refusal/text that is a number":                 {why: goQueue},
	"queue refusal/text that is an object":                {why: goQueue},
	"queue refusal/bytes that are text":                   {why: goQueue},
	"queue refusal/bytes that are a list":                 {why: goQueue},
	"queue refusal/delay below zero":                      {why: goQueue},
	"queue refusal/delay over a day":                      {why: goQueue},
	"queue refusal/batch with a delay over a day":         {why: goQueue},
	"queue refusal/V8 of a function":                      {why: cloneText},
	"queue refusal/text of 128,001 bytes":                 {why: queueText, local: true},
	"queue refusal/text of few characters and many bytes": {why: queueText, local: true},
	"queue refusal/bytes of 128,001":                      {why: queueText, local: true},
	"queue refusal/JSON counts its quotes":                {why: queueText, local: true},
	"queue refusal/too large in a batch":                  {why: queueText, local: true},
	"queue refusal/101 messages":                          {why: queueText, local: true},
	"queue refusal/batch of 288,004 bytes":                {why: queueText, local: true},
	"queue verdict/acknowledged, then retry all":          {why: firstSaid},
	"queue verdict/thrown after acknowledging":            {why: firstSaid},
	"queue verdict/thrown after acknowledging all":        {why: firstSaid},
	"workers kv many/numbers for keys":                    {why: kvIndices},
	"cache/no content":                                    {why: noContent, local: true},
	"rpc/not cloneable":                                   {why: cloneText},
	"kv/not cloneable":                                    {why: cloneText},
	"id/sent by RPC":                                      {why: cloneText},
	"id/given to another namespace":                       {why: "an id of another class is refused; workerd makes an object of it that no name leads to"},
	"socket/event timeout and the object":                 {why: "workerd ends the handler and keeps the object; the local host shuts the object down, as Cloudflare documents", local: true},
	"facet/kept stub after a reset":                       {why: anew},
	"socket attachment/function":                          {why: cloneText},
	"kv/undefined":                                        {why: nothing},
	"kv list/limit 0":                                     {why: zeroLimit},
	"sync kv list/limit 0":                                {why: zeroLimit},
	"sql/bound boolean":                                   {why: goSQL},
	"sql/bound date":                                      {why: goSQL},
	"d1/empty batch":                                      {why: "the SDK refuses a batch of nothing before it is sent"},
	"d1 error/types that cannot be bound":                 {why: goTypes},
	"d1 result/batch with an empty statement":             {why: emptySQL},
	"d1 sql/foreign keys deferred and broken":             {why: atCommit, local: true},
	"r2 error/range from the end on":                      {why: atTheEnd, local: true},
	"r2 error/list limit below zero":                      {why: below, local: true},
	"r2 put/storage class":                                {why: class, local: true},
	"bookmark/for a time":                                 {why: history, local: true},
	"bookmark/restore":                                    {why: history, local: true},
	"sql cost/insert and select":                          {why: rowCounts, local: true},
	"sql cost/index":                                      {why: rowCounts, local: true},
	"sql cost/text key":                                   {why: rowCounts, local: true},
	"sql cost/without rowid":                              {why: rowCounts, local: true},
	"sql cost/returning":                                  {why: rowCounts, local: true},
	"sql cost/join and sort":                              {why: rowCounts, local: true},
}
