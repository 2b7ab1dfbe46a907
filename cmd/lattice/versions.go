package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/deploy"
)

func runVersions(ctx context.Context, args []string, out, errs io.Writer) error {
	return cloudCommands{"versions", versionsHelp, map[string]func(context.Context, *cloudCommand, []string) error{
		"upload": versionsUpload, "list": versionsList, "view": versionsView, "deploy": versionsDeploy,
	}}.start(ctx, args, out, errs)
}

func versionsUpload(ctx context.Context, c *cloudCommand, args []string) error {
	d := &deployCommand{cloudCommand: *c}
	fs := d.deployFlags("versions upload", versionsHelp)
	fs.StringVar(&d.options.Alias, "preview-alias", "", "`name` of an address for previews of the version, besides that of its id")
	if err := d.read(fs, args); err != nil {
		return err
	}
	plan, err := d.plan(ctx)
	if err != nil || d.dryRun {
		return err
	}
	result, err := plan.Upload(ctx, d.api, d.errs)
	if err != nil {
		return explained(err)
	}
	return d.print(result, [][]string{{"Uploaded version " + result.Version + " of " + result.Worker + ", which is not live"}, {"Make it live: lattice versions deploy " + result.Version + "@100" + envFlag(d.env)}})
}

func envFlag(env string) string {
	if env == "" {
		return ""
	}
	return " --env " + env
}

func versionsList(ctx context.Context, c *cloudCommand, args []string) error {
	if _, err := c.parse(c.cloudFlags("versions list", versionsHelp), args, "", 0, 0); err != nil {
		return err
	}
	client, name, err := c.connect(ctx)
	if err != nil {
		return err
	}
	list, err := client.Versions(ctx, name)
	if err != nil {
		return err
	}
	rows := [][]string{{"VERSION", "CREATED", "BY", "TAG", "MESSAGE"}}
	for _, v := range list {
		rows = append(rows, []string{v.ID, when(v.Created), v.Author, v.Tag, v.Message})
	}
	return c.print(append([]cloudflare.Version{}, list...), rows)
}

func versionsView(ctx context.Context, c *cloudCommand, args []string) error {
	given, err := c.parse(c.cloudFlags("versions view", versionsHelp), args, "VERSION", 1, 1)
	if err != nil {
		return err
	}
	client, name, err := c.connect(ctx)
	if err != nil {
		return err
	}
	id, err := resolve(ctx, client, name, given[0])
	if err != nil {
		return err
	}
	v, err := client.Version(ctx, name, id)
	if err != nil {
		return err
	}
	rows := [][]string{{"Version", v.ID}, {"Created", when(v.Created)}, {"By", v.Author}, {"Source", v.Source}}
	for _, r := range [][]string{{"Tag", v.Tag}, {"Message", v.Message}, {"Handlers", strings.Join(v.Handlers, ", ")}, {"Compatibility date", v.Date}, {"Compatibility flags", strings.Join(v.Flags, ", ")}} {
		if r[1] != "" {
			rows = append(rows, r)
		}
	}
	for _, b := range v.Bindings {
		rows = append(rows, []string{"Binding", b.Name, b.Type})
	}
	return c.print(v, rows)
}

func versionsDeploy(ctx context.Context, c *cloudCommand, args []string) error {
	fs := c.cloudFlags("versions deploy", versionsHelp)
	message := fs.String("message", "", "`text` that the list of deployments shows")
	dry := fs.Bool("dry-run", false, "say what would be live, and change nothing")
	asksNothing(fs)
	var asked wanted
	asked.add(fs)
	given, err := c.parse(fs, args, "VERSION[@PERCENT] …", 0, 2)
	if err != nil {
		return err
	}
	list, err := asked.shares(given)
	if err != nil {
		fmt.Fprintf(c.errs, "lattice versions deploy: %v\n", err)
		return errUsage
	}
	client, name, err := c.connect(ctx)
	if err != nil {
		return err
	}
	if err := asked.resolve(ctx, client, name, list); err != nil {
		return err
	}
	if *dry {
		fmt.Fprintln(c.errs, "A dry run: nothing is changed. This would be")
		return c.print(map[string]any{"worker": name, "versions": list}, liveRows(name, list))
	}
	if err := client.Release(ctx, name, list, *message, deploy.Strategy(c.cfg), false); err != nil {
		return err
	}
	return c.print(map[string]any{"worker": name, "versions": list}, liveRows(name, list))
}

func liveRows(name string, list []cloudflare.Share) [][]string {
	rows := [][]string{{"Live of " + name}}
	for _, s := range list {
		rows = append(rows, []string{fmt.Sprintf("  %5.4g %%  %s", s.Percentage, s.Version)})
	}
	return rows
}

// asksNothing adds flags that leave out a question, of which there is none, because scripts have them.
func asksNothing(fs *flag.FlagSet) {
	fs.Bool("yes", false, "as it is: nothing is asked")
	alias(fs, "yes", "y")
}

// wanted are versions that flags name, as wrangler has them beside its arguments.
type wanted struct{ ids, percentages, tags list }

func (w *wanted) add(fs *flag.FlagSet) {
	fs.Var(&w.ids, "version-id", "`id` of a version, as an argument has it; may be repeated")
	fs.Var(&w.percentages, "percentage", "`percent` of the requests, for the versions in their order; may be repeated")
	fs.Var(&w.tags, "version-tag", "`tag` of a version, TAG or TAG@PERCENT; may be repeated")
}

// shares joins flags and arguments. Versions that a tag names come last.
func (w *wanted) shares(given []string) ([]cloudflare.Share, error) {
	all := append(slices.Clone(given), w.ids...)
	for i, p := range w.percentages {
		if i >= len(all) || strings.Contains(all[i], "@") {
			return nil, fmt.Errorf("--percentage %s is that of no version: write VERSION@PERCENT", p)
		}
		all[i] += "@" + p
	}
	all = append(all, w.tags...)
	if len(all) == 0 || len(all) > 2 {
		return nil, errors.New("name one or two versions: lattice versions deploy VERSION[@PERCENT] …; `lattice versions list` shows them")
	}
	return parseShares(all)
}

// resolve puts ids in the place of what begins them, and of tags.
func (w *wanted) resolve(ctx context.Context, client *cloudflare.Client, worker string, list []cloudflare.Share) (err error) {
	var versions []cloudflare.Version
	if len(w.tags) > 0 {
		if versions, err = client.Versions(ctx, worker); err != nil {
			return err
		}
	}
	for i := range list {
		if i < len(list)-len(w.tags) {
			if list[i].Version, err = resolve(ctx, client, worker, list[i].Version); err != nil {
				return err
			}
			continue
		}
		tag := list[i].Version
		at := slices.IndexFunc(versions, func(v cloudflare.Version) bool { return v.Tag == tag }) // the newest
		if at < 0 {
			return fmt.Errorf("no version of %s has the tag %s: `lattice versions list` shows them", worker, tag)
		}
		list[i].Version = versions[at].ID
	}
	return nil
}

// parseShares reads VERSION@PERCENT. What has no percentage gets the rest, in equal parts; all must be 100.
func parseShares(given []string) (list []cloudflare.Share, err error) {
	sum, open := 0.0, 0
	for _, g := range given {
		id, text, has := strings.Cut(g, "@")
		share := cloudflare.Share{Version: id, Percentage: -1}
		if has {
			share.Percentage, err = strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
			if err != nil || share.Percentage < 0 || share.Percentage > 100 {
				return nil, fmt.Errorf("%q: write a version as ID@PERCENT, with 0 to 100 percent", g)
			}
			sum += share.Percentage
		} else {
			open++
		}
		list = append(list, share)
	}
	if open == 0 && sum != 100 || sum > 100 {
		return nil, fmt.Errorf("the versions get %g percent of the requests together: it must be 100", sum)
	}
	for i := range list {
		if list[i].Percentage < 0 {
			list[i].Percentage = (100 - sum) / float64(open)
		}
	}
	return list, nil
}
