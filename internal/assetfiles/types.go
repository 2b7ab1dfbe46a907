package assetfiles

import (
	"path"
	"strings"
)

// known are the types by the endings of names, one type a line: those that people put on the Web. wrangler takes them from a larger table; what
// neither knows has no Content-Type.
const known = `
application/atom+xml atom
application/atomsvc+xml atomsvc
application/dash+xml mpd
application/epub+zip epub
application/geo+json geojson
application/gpx+xml gpx
application/gzip gz
application/hjson hjson
application/java-archive jar
application/json json map
application/json5 json5
application/jsonml+json jsonml
application/ld+json jsonld
application/manifest+json webmanifest
application/msword doc
application/node cjs
application/octet-stream bin deb dmg exe iso
application/pdf pdf
application/pgp-keys asc
application/pgp-signature sig
application/pkix-cert cer
application/postscript ai eps ps
application/rdf+xml rdf
application/rls-services+xml rs
application/rss+xml rss
application/rtf rtf
application/sql sql
application/toml toml
application/ttml+xml ttml
application/vnd.android.package-archive apk
application/vnd.apple.keynote key
application/vnd.apple.mpegurl m3u8
application/vnd.dart dart
application/vnd.google-earth.kml+xml kml
application/vnd.google-earth.kmz kmz
application/vnd.ms-excel xls
application/vnd.ms-fontobject eot
application/vnd.ms-powerpoint ppt
application/vnd.oasis.opendocument.presentation odp
application/vnd.oasis.opendocument.spreadsheet ods
application/vnd.oasis.opendocument.text odt
application/vnd.openxmlformats-officedocument.presentationml.presentation pptx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
application/vnd.rar rar
application/wasm wasm
application/x-7z-compressed 7z
application/x-bittorrent torrent
application/x-bzip2 bz2
application/x-httpd-php php
application/x-pkcs12 p12
application/x-redhat-package-manager rpm
application/x-sh sh
application/x-shockwave-flash swf
application/x-subrip srt
application/x-tar tar
application/x-web-app-manifest+json webapp
application/x-x509-ca-cert crt der pem
application/x-xz xz
application/xhtml+xml xhtml
application/xml xml xsl
application/xslt+xml xslt
application/xspf+xml xspf
application/zip zip
audio/aac aac
audio/midi mid midi
audio/mp4 m4a
audio/mpeg mp3
audio/ogg oga ogg opus
audio/wav wav
audio/webm weba
audio/x-flac flac
audio/x-mpegurl m3u
font/otf otf
font/ttf ttf
font/woff woff
font/woff2 woff2
image/apng apng
image/avif avif
image/bmp bmp
image/gif gif
image/heic heic
image/heif heif
image/jpeg jpe jpeg jpg
image/jxl jxl
image/png png
image/svg+xml svg svgz
image/tiff tif tiff
image/vnd.adobe.photoshop psd
image/vnd.microsoft.icon ico
image/webp webp
model/gltf+json gltf
model/gltf-binary glb
model/obj obj
model/stl stl
model/vnd.usdz+zip usdz
text/cache-manifest appcache manifest
text/calendar ics
text/coffeescript coffee litcoffee
text/css css
text/csv csv
text/html htm html shtml
text/jade jade
text/javascript js mjs
text/jsx jsx
text/less less
text/markdown markdown md
text/mdx mdx
text/plain conf ini log text txt
text/slim slim
text/tab-separated-values tsv
text/vtt vtt
text/wgsl wgsl
text/x-c c cpp h
text/x-component htc
text/x-handlebars-template hbs
text/x-java-source java
text/x-lua lua
text/x-sass sass
text/x-scss scss
text/x-vcard vcf
text/yaml yaml yml
video/3gpp 3gp
video/mp2t ts
video/mp4 mp4
video/mpeg mpeg mpg
video/ogg ogv
video/quicktime mov
video/webm webm
video/x-m4v m4v
video/x-matroska mkv
video/x-msvideo avi
`

var types = func() map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(known) {
		if f := strings.Fields(line); len(f) > 0 {
			for _, ending := range f[1:] {
				m[ending] = f[0]
			}
		}
	}
	return m
}()

// ContentType is the Content-Type of a file, or nothing.
func ContentType(name string) string {
	ending := path.Ext(name)
	if ending == path.Base(name) {
		return "" // .hidden
	}
	t := types[strings.ToLower(strings.TrimPrefix(ending, "."))]
	if strings.HasPrefix(t, "text/") {
		t += "; charset=utf-8"
	}
	return t
}
