package main

const credentialsHelp = `
Cloudflare is asked with the API token in CLOUDFLARE_API_TOKEN, which may stand in .env or .env.local (make one at
https://dash.cloudflare.com/profile/api-tokens with the template "Edit Cloudflare Workers"), or else with the session of "wrangler login"; for the account in
account_id of the configuration or in CLOUDFLARE_ACCOUNT_ID. "lattice whoami" shows where they come from and what they may see.
`

const deployHelp = `lattice deploy [flags] [package]

Builds a program and puts it on Cloudflare, as "wrangler deploy" does, without Node: the module, bindings, migrations of Durable Object classes, static
files, and then routes, custom domains, cron triggers and queue consumers, all as the configuration says.

A main that lattice build has not written is JavaScript or TypeScript of your own, or what a program of github.com/syumai/workers is made into: the [build] command
runs, and main is bundled as wrangler bundles it. KV namespaces, databases, buckets and queues that bindings need are found by their names, or made.

Everything that can be wrong in the configuration is found before anything is sent. Requests that fail for a reason that passes are tried again. When a
deployment ends half-way, it says what is live, what is not, and which command goes on. Secrets are set apart (lattice secret), and a deployment leaves
them alone. Variables that were set on the dashboard are taken away, unless --keep-vars or keep_vars says otherwise.
` + credentialsHelp + `
Examples:
  lattice deploy --dry-run                          what would be sent; needs no account
  lattice deploy
  lattice deploy --env staging                      the Worker NAME-staging, with the settings of [env.staging]
  lattice deploy --var BUILD:$(git rev-parse HEAD) --message "$(git log -1 --format=%s)"
  lattice deploy --secrets-file secrets.env         the first time, when [secrets] requires some
  lattice deploy src/index.ts --minify              JavaScript of your own, instead of main
  lattice versions upload                           the same, but not live yet
`

const versionsHelp = `lattice versions upload|list|view|deploy

  lattice versions upload [flags] [package]         build and upload a version that is not live yet
  lattice versions list                             the versions that can be made live, the newest first
  lattice versions view VERSION                     one of them, with its bindings
  lattice versions deploy VERSION[@PERCENT] …       make one or two versions live, each for its part of the requests

VERSION is an id, or its first characters. What has no PERCENT gets the rest. A version that brings migrations of Durable Object classes cannot be rolled
out by steps: use "lattice deploy". Routes, cron triggers and queues belong to the Worker and not to a version: "lattice triggers deploy" sets them.
` + credentialsHelp + `
Examples:
  lattice versions upload --tag v1.4.0 --message "new front page"
  lattice versions deploy 8c2f@10 51ab@90           a tenth of the requests
  lattice versions deploy 8c2f                      all of them
  lattice versions deploy --version-tag v1.4.0      the version with that tag, all of them
  lattice rollback                                  back to what was live before
`

const rollbackHelp = `lattice rollback [flags] [VERSION]

Makes a version live again for all requests: the one that was live before, or the one that is named by its id or the first characters of it. Secrets,
what is stored, routes, cron triggers and queues stay as they are; so do the tables that migrations have made, with which the earlier program must get along.
Cloudflare refuses to go back to before a migration of Durable Object classes.
` + credentialsHelp + `
Examples:
  lattice rollback --message "errors in checkout"
  lattice rollback 51ab
`

const deploymentsHelp = `lattice deployments list|status

  lattice deployments list                          which versions were live since when, the deployment in effect first
  lattice deployments status                        the deployment in effect, with the tags and messages of its versions
` + credentialsHelp

const triggersHelp = `lattice triggers deploy [flags]

Sets what leads events to a Worker that is deployed: its workers.dev address, routes, custom domains, cron triggers and queue consumers, as the
configuration says. "lattice deploy" does it, too; this goes on after a deployment of which this part failed, or after "lattice versions deploy".
` + credentialsHelp

const secretHelp = `lattice secret put|list|delete|bulk

  lattice secret put NAME                           set a secret; the value is asked for, unseen, or piped in
  lattice secret list                               names alone: nobody can read the values
  lattice secret delete NAME
  lattice secret bulk [FILE]                        set many: a JSON object {"NAME": "value"}, where null deletes, or NAME=value lines

A value is never an argument, where the shell's history and other users would see it. Each change is live at once. A Worker that is not there yet is
made, empty, to hold its secrets until the first deployment. For development, secrets stand in
.dev.vars.
` + credentialsHelp + `
Examples:
  lattice secret put API_KEY
  openssl rand -hex 32 | lattice secret put SESSION_KEY --env staging
  lattice secret bulk < secrets.json
`

const whoamiHelp = `lattice whoami [flags]

Shows where the credentials for Cloudflare come from, whether they are valid, and the accounts that they see. The first of these counts, as with wrangler:

  CLOUDFLARE_API_KEY with CLOUDFLARE_EMAIL
  CLOUDFLARE_API_TOKEN
  the session of "wrangler login", which is renewed when it has expired

The variables may stand in .env and .env.local in this folder, and with --env NAME in .env.NAME and .env.NAME.local. The credentials themselves are not shown.
`
