package report

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The layout of the chart in pixels.
const (
	lineHeight = 24
	nameWidth  = 420
	goalWidth  = 200 // from the left edge of the bars to the goal
	barsWidth  = 3 * goalWidth
	chartWidth = nameWidth + barsWidth + 80
)

// Chart returns an SVG with a bar for each row that has a goal: how much of what
// the goal allows the row uses. Bars beyond three times the goal are cut off.
func Chart(rows []Row) string {
	var bars strings.Builder
	y := lineHeight
	for _, r := range rows {
		used := r.used()
		if math.IsNaN(used) {
			continue
		}
		colour := "#2f8f5b"
		if used > 1 {
			colour = "#c8553d"
		}
		width := min(used*goalWidth, barsWidth)
		fmt.Fprintf(&bars, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", nameWidth-8, y+16, html.EscapeString(r.label()))
		fmt.Fprintf(&bars, `<rect x="%d" y="%d" width="%.0f" height="%d" fill="%s"/>`+"\n", nameWidth, y+4, width, lineHeight-8, colour)
		fmt.Fprintf(&bars, `<text x="%.0f" y="%d">%.0f %%</text>`+"\n", nameWidth+width+6, y+16, 100*used)
		y += lineHeight
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="12">
<rect width="%[1]d" height="%[2]d" fill="#ffffff"/>
<text x="%[3]d" y="16" text-anchor="middle">goal</text>
%[4]s<line x1="%[3]d" y1="20" x2="%[3]d" y2="%[5]d" stroke="#333333" stroke-dasharray="4 3"/>
</svg>
`, chartWidth, y+lineHeight/2, nameWidth+goalWidth, &bars, y)
}
