package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"tally/localcloud/store"
)

// rememberedFileName is the file in a state folder with what the next start uses.
const rememberedFileName = "settings.json"

// Remembered are the settings of the last start with a state folder. The next one uses
// them unless its flags say otherwise. The zero value means that there was none.
type Remembered struct {
	Region       string `json:"region"`
	Port         int    `json:"port"`
	ProviderPort int    `json:"providerPort"`
	APIPort      int    `json:"apiPort"` // 0 means any free port
}

// Remember stores the settings of a local cloud that listens, in its state folder.
func Remember(c Config) error {
	raw, err := json.Marshal(Remembered{c.Region, c.Port, c.ProviderPort, c.APIPort})
	if err != nil {
		return err
	}
	return store.WriteFile(filepath.Join(c.Dir, rememberedFileName), append(raw, '\n'))
}

// Recall returns the settings of the last start with the state in dir.
func Recall(dir string) (r Remembered, err error) {
	path := filepath.Join(dir, rememberedFileName)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return r, nil // without permission, the secret says what to do
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("%s: %w; remove the file to use the default ports", path, err)
	}
	return r, nil
}
