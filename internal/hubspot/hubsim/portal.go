package hubsim

import (
	"embed"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/contextd/contextd/internal/crm"
)

//go:embed demo
var demoFiles embed.FS

// portal is the account: who works there and which pipelines it has.
type portal struct {
	ID         crm.PortalID                    `yaml:"portal"`
	Name       string                          `yaml:"name"`
	TimeZone   string                          `yaml:"time_zone"`
	Currency   string                          `yaml:"currency"`
	Currencies []string                        `yaml:"additional_currencies"`
	Now        time.Time                       `yaml:"now"`
	Day        struct{ From, Until time.Time } `yaml:"day"`
	Owners     []owner                         `yaml:"owners"`
	Pipelines  map[crm.ObjectType][]pipeline   `yaml:"pipelines"`
	Properties map[crm.ObjectType][]custom     `yaml:"properties"` // defined once the demo is loaded

	location *time.Location
}

// owner is a user of the portal; ID goes into hubspot_owner_id, User into sources of changes.
type owner struct {
	Key       string `yaml:"key"`
	ID        int64  `yaml:"id"`
	User      int64  `yaml:"user"`
	FirstName string `yaml:"firstname"`
	LastName  string `yaml:"lastname"`
	Email     string `yaml:"email"`
	Title     string `yaml:"title"`
	Phone     string `yaml:"phone"`
	Archived  bool   `yaml:"archived"`
}

// custom is a property that the portal's own people have defined.
type custom struct {
	Name  string `yaml:"name"`
	Label string `yaml:"label"`
	Type  string `yaml:"type"`
}

type pipeline struct {
	ID     string  `yaml:"id"`
	Label  string  `yaml:"label"`
	Stages []stage `yaml:"stages"`
}

type stage struct {
	ID          string `yaml:"id"`
	Label       string `yaml:"label"`
	Probability string `yaml:"probability"`
	Closed      bool   `yaml:"closed"`
}

// embeddedPortal reads demo/portal.yaml; a broken one is a programmer's error.
func embeddedPortal() portal {
	raw, err := demoFiles.ReadFile("demo/portal.yaml")
	if err != nil {
		panic(err)
	}
	var p portal
	if err := yaml.Unmarshal(raw, &p); err != nil {
		panic("hubsim: portal.yaml: " + err.Error())
	}
	if p.location, err = time.LoadLocation(p.TimeZone); err != nil {
		p.location = time.UTC // a machine without a time zone database: only the daily limit's midnight moves
	}
	return p
}

func (p *portal) ownerByID(id string) *owner {
	for i := range p.Owners {
		if strconv.FormatInt(p.Owners[i].ID, 10) == id {
			return &p.Owners[i]
		}
	}
	return nil
}

func (p *portal) owner(key string) *owner {
	for i := range p.Owners {
		if p.Owners[i].Key == key {
			return &p.Owners[i]
		}
	}
	return nil
}

func (p *portal) pipeline(t crm.ObjectType, id string) *pipeline {
	for i := range p.Pipelines[t] {
		if p.Pipelines[t][i].ID == id {
			return &p.Pipelines[t][i]
		}
	}
	return nil
}

// stage finds a stage of any pipeline of the type.
func (p *portal) stage(t crm.ObjectType, id string) *stage {
	for i := range p.Pipelines[t] {
		for j := range p.Pipelines[t][i].Stages {
			if p.Pipelines[t][i].Stages[j].ID == id {
				return &p.Pipelines[t][i].Stages[j]
			}
		}
	}
	return nil
}
