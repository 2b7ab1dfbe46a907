// Package hostile has what people might write to have a script run in somebody else's browser. Tests put it wherever Grove shows a text: workers/grove reads
// the pages, tests/e2e has Chromium open them.
package hostile

// Texts are what somebody would write where text is shown, to have it run. Each sets or mentions __xss.
var Texts = []string{
	`<script>__xss=1</script>`, `"><img src=x onerror=__xss=1>`, `'><svg onload=__xss=1>`, `" onmouseover="__xss=1" x="`, `' autofocus onfocus='__xss=1`, `</title><script>__xss=1</script>`, `</textarea><script>__xss=1</script>`,
	`javascript:__xss=1`, `data:text/html,<script>__xss=1</script>`, `<iframe srcdoc="<script>__xss=1</script>">`, `<base href=//__xss.example/>`, `<meta http-equiv=refresh content="0;url=javascript:__xss=1">`, `<style>@import '//__xss.example'</style>`,
	`<link rel=stylesheet href=//__xss.example>`, `<form action=//__xss.example><button>`, `{{csrf}} {{#user}}__xss{{/user}} {{@apex}}`, `--><script>__xss=1</script><!--`, `&lt;script&gt;__xss=1&lt;/script&gt;`, `&#60;script>__xss=1&#60;/script>`,
	`<math><mi xlink:href="javascript:__xss=1">x`, `<svg><script>__xss=1</script></svg>`, `<noscript><p title="</noscript><img src=x onerror=__xss=1>">`, "<scr\u0000ipt>__xss=1</script>", "\u2028__xss=1\u2029", "＜script＞__xss=1＜/script＞", `<a href="javascript&colon;__xss=1">x</a>`,
	`]]><script>__xss=1</script>`, `\"><script>__xss=1</script>`, `<template><script>__xss=1</script></template>`, `<select><script>__xss=1</script>`, `<object data="javascript:__xss=1">`, `<x onclick=__xss=1>`,
}

// Markdown is more of the kind for what is rendered as Markdown.
var Markdown = []string{
	"[x](javascript:__xss=1)", "[x](JaVaScRiPt:__xss=1)", "[x](  javascript:__xss=1  )", "[x](<javascript:__xss=1>)", "[x](java\tscript:__xss=1)", "[x](&#106;avascript:__xss=1)", "[x](javascript&colon;__xss=1)", "[x](&Tab;javascript:__xss=1)", "[x](\\javascript:__xss=1)",
	"[x](vbscript:__xss)", "[x](data:text/html;base64,PHNjcmlwdD5fX3hzcz0xPC9zY3JpcHQ+)", "[x](blob:__xss)", "[x](file:///__xss)", "[x](//__xss.example/a)", "[x](/\\__xss.example)", "[x](https://a.example/\"onclick=__xss=1)", "[x](https://a.example 'a\" onclick=\"__xss=1')", "[x](# \"\"onclick=__xss=1\")",
	"![x](javascript:__xss=1)", "![x](x\"onerror=\"__xss=1)", "![\"onerror=\"__xss=1](/media/a.png)", "![x](/media/a.png \"a\\\" onerror=\\\"__xss=1\")", "![x](https://__xss.example/pixel.png)", "![__xss](/media/../auth/login)", "![x](//__xss.example/x.png)", "![x](data:image/svg+xml,<svg onload=__xss=1>)",
	"<javascript:__xss=1>", "<javascript&colon;__xss=1>", "<https://a.example/\"onclick=\"__xss=1>", "[x][a]\n\n[a]: javascript:__xss=1 \"__xss\"", "[x][b]\n\n[b]: <javascript:__xss=1>", "```js onload=__xss=1\nx\n```", "``` \"><script>__xss=1</script>\nx\n```", "~~~<script>__xss=1</script>\nx",
	"`<script>__xss=1</script>`", "# <script>__xss=1</script> {onclick=__xss=1}", "| <script>__xss=1</script> | b |\n|:-|-:|\n| <img src=x onerror=__xss=1> | [x](javascript:__xss=1) |", "1. <script>__xss=1</script>\n2. x", "> <script>\n> __xss=1\n> </script>", "<div\nonclick=__xss=1\n>x</div>",
	"<!-- --><script>__xss=1</script>", "<![CDATA[<script>__xss=1</script>]]>", "<?xml <script>__xss=1</script>?>", "[<img src=x onerror=__xss=1>](https://a.example)", "[x](https://a.example \"<script>__xss=1</script>\")", "*<script>*__xss=1*</script>*", "a<br onclick=__xss=1>b", "<a href='javascript:__xss=1'>x</a>",
	"<p id=conversation data-post=__xss>x</p>", "<input name=csrf_token value=__xss>",
}
