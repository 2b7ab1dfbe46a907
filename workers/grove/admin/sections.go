package admin

import (
	"net/http"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/web"
)

func listSections(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	list, err := call(r.Context(), v, tenant.GetCustomSections, durables.None{})
	return answer(w, map[string]any{"sections": list, "limit": v.Config.Limits.Sections}, err)
}

func addSection(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var section tenant.SectionNew
	if err := readJSON(w, r, &section); err != nil {
		return err
	}
	done, err := call(r.Context(), v, tenant.AddSection, section)
	if err := sectionProblem(done, err); err != nil {
		return err
	}
	web.WriteJSON(w, created(!done.Again), done.Section)
	return nil
}

func putSection(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var fields tenant.SectionFields
	if err := readJSON(w, r, &fields); err != nil {
		return err
	}
	done, err := call(r.Context(), v, tenant.UpdateSection, tenant.SectionChange{ID: r.PathValue("id"), Fields: fields})
	return answer(w, done.Section, sectionProblem(done, err))
}

func sectionProblem(done tenant.SectionResult, err error) error {
	if err != nil {
		return err
	}
	switch done.Problem {
	case "":
		return nil
	case "quota":
		return &web.Problem{Status: http.StatusForbidden, Code: "quota", Title: "There are as many sections as your plan has", Message: "Remove one first, or change the plan."}
	case "icon":
		return &web.Problem{Status: http.StatusForbidden, Code: "icon", Title: "Your plan does not have this icon", Message: "Sapling has ten icons, oak every one, evergreen images of the site too. Choose another."}
	case "image":
		return web.BadRequest("no_image", "The site has no such image. Choose one of its own for the icon.")
	case "id":
		return errIDTaken
	case "taken":
		return web.Conflict("taken", "Another section leads there already.", nil)
	}
	return web.ErrNotFound
}

func deleteSection(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	gone, err := call(r.Context(), v, tenant.RemoveSection, r.PathValue("id"))
	if err == nil && !gone {
		err = web.ErrNotFound
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// reorderSections takes the ids of all sections in their new order.
func reorderSections(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var body struct {
		IDs []string `json:"ids"`
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	done, err := call(r.Context(), v, tenant.ReorderSections, body.IDs)
	if err == nil && !done {
		err = web.BadRequest("not_a_permutation", "Send the id of each section once.")
	}
	if err != nil {
		return err
	}
	return listSections(w, r, v)
}
