package lambda

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)
