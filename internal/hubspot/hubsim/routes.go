package hubsim

import "net/http"

// routes is the table of everything the simulator answers.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	o := "/crm/objects/{ver}/{type}"
	s.api(mux, "GET "+o, reading, s.listObjects)
	s.api(mux, "POST "+o, writing, s.createObject)
	s.api(mux, "GET "+o+"/{id}", reading, s.readObject)
	s.api(mux, "PATCH "+o+"/{id}", writing, s.updateObject)
	s.api(mux, "DELETE "+o+"/{id}", writing, s.archiveObject)
	s.api(mux, "POST "+o+"/batch/read", reading, s.batchRead)
	s.api(mux, "POST "+o+"/batch/create", writing, s.batchCreate)
	s.api(mux, "POST "+o+"/batch/update", writing, s.batchUpdate)
	s.api(mux, "POST "+o+"/batch/upsert", writing, s.batchUpsert)
	s.api(mux, "POST "+o+"/batch/archive", writing, s.batchArchive)
	s.api(mux, "POST "+o+"/search", reading, s.search)
	s.api(mux, "POST "+o+"/merge", writing, s.mergeObjects)
	s.api(mux, "POST "+o+"/gdpr-delete", writing, s.gdprDelete)

	l := "/crm/objects/{ver}/{from}/{id}/associations"
	s.api(mux, "GET "+l+"/{to}", reading, s.listAssociations)
	s.api(mux, "PUT "+l+"/default/{to}/{toId}", writing, s.putDefault)
	s.api(mux, "PUT "+l+"/{to}/{toId}", writing, s.putLabels)
	s.api(mux, "DELETE "+l+"/{to}/{toId}", writing, s.deleteAssociation)
	a := "/crm/associations/{ver}/{from}/{to}"
	s.api(mux, "POST "+a+"/batch/read", reading, s.readAssociations)
	s.api(mux, "POST "+a+"/batch/create", writing, s.createAssociations)
	s.api(mux, "POST "+a+"/batch/associate/default", writing, s.createDefaults)
	s.api(mux, "POST "+a+"/batch/archive", writing, s.archiveAssociations)
	s.api(mux, "POST "+a+"/batch/labels/archive", writing, s.archiveLabels)
	s.api(mux, "GET "+a+"/labels", reading, s.listLabels)
	s.api(mux, "POST "+a+"/labels", schema, s.createLabel)

	p := "/crm/properties/{ver}/{type}"
	s.api(mux, "GET "+p, reading, s.listProperties)
	s.api(mux, "POST "+p, schema, s.createProperty)
	s.api(mux, "GET "+p+"/{name}", reading, s.readProperty)
	s.api(mux, "PATCH "+p+"/{name}", schema, s.updateProperty)
	s.api(mux, "DELETE "+p+"/{name}", schema, s.archiveProperty)
	s.api(mux, "POST "+p+"/batch/create", schema, s.createProperties)
	s.api(mux, "POST "+p+"/batch/read", reading, s.readProperties)
	s.api(mux, "GET "+p+"/groups", reading, s.listGroups)
	s.api(mux, "POST "+p+"/groups", schema, s.createGroup)
	s.api(mux, "GET "+p+"/groups/{group}", reading, s.readGroup)
	s.api(mux, "DELETE "+p+"/groups/{group}", schema, s.archiveGroup)

	s.api(mux, "GET /crm/owners/{ver}", owners, s.listOwners)
	s.api(mux, "GET /crm/owners/{ver}/{owner}", owners, s.readOwner)
	s.api(mux, "GET /crm/pipelines/{ver}/{type}", reading, s.listPipelines)
	s.api(mux, "GET /account-info/{ver}/details", anyone, s.account)
	s.api(mux, "GET /crm/extensions/calling/{ver}/transcripts/{script}", scripts, s.readTranscript)
	s.api(mux, "POST /crm/extensions/calling/{ver}/transcripts", scriptsWrite, s.createTranscript)
	mux.HandleFunc("POST /oauth/{ver}/token", s.token)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { write(w, fail(404, "", "resource not found")) })
	s.control(mux)
	return s.faulty(mux)
}
