package meadow

import (
	"context"
	"errors"
	"net/http"

	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
)

// startPage is the form to start a site.
func startPage(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	return showStart(w, r, v, http.StatusOK, siteWish{}, nil)
}

// showStart shows the form, with what was in it and what is wrong with that.
func showStart(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor, status int, wish siteWish, wrong *web.Problem) error {
	data := markup.Data{"title": "Start a site", "subdomain": wish.Subdomain, "siteName": wish.DisplayName, "example": web.SiteOrigin(r.Context(), "your-address"),
		"addressWrong": "", "nameWrong": "", "wrong": ""}
	if wrong != nil {
		data["title"] = "Start a site: look again"
		switch wrong.Code {
		case errAddress.Code, errReserved.Code, errTaken.Code, errHeld.Code:
			data["addressWrong"] = wrong.Message
		case badName:
			data["nameWrong"] = wrong.Message
		default:
			data["wrong"] = wrong.Message
		}
	}
	return show(w, r, v, status, "start", data)
}

// startForm starts a site and leads to the home page, which links to it: a form of ours must not lead to another host.
func startForm(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	wish := siteWish{Subdomain: r.PostFormValue("subdomain"), DisplayName: r.PostFormValue("name")}
	s, _, err := startSite(r.Context(), v, wish)
	var wrong *web.Problem
	switch {
	case errors.As(err, &wrong) && wrong.Status < 500:
		if wrong.Retry > 0 {
			w.Header().Set("Retry-After", web.RetryAfter(wrong.Retry))
		}
		return showStart(w, r, v, wrong.Status, wish, wrong)
	case err != nil:
		return err
	}
	http.Redirect(w, r, "/?started="+s.Subdomain, http.StatusSeeOther)
	return nil
}

// addSites has the home page show the visitor's sites. started is the subdomain of one that was started a moment ago, "" for none.
func addSites(ctx context.Context, data markup.Data, found []site, started string) {
	list, fresh := []markup.Data{}, []markup.Data{}
	for _, s := range found {
		entry := markup.Data{"link": s.URL, "panel": siteURL(ctx, s.Subdomain, "/admin"), "siteName": s.DisplayName, "role": s.Role,
			"suspended": s.Status == "suspended", "writes": s.Status == "active" && tenant.Covers(s.Role, "author")}
		list = append(list, entry)
		if s.Subdomain == started {
			fresh = append(fresh, entry)
		}
	}
	data["sites"], data["fresh"], data["noSites"] = list, fresh, found != nil && len(found) == 0
}
