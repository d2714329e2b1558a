package lambda

import (
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// checkUTF8 returns an error, in the words of Lambda's parser, if the text contains a
// byte that UTF-8 does not allow at its position. As it does there, overlong
// encodings pass.
//
// https://github.com/awsdocs/aws-lambda-developer-guide/issues/382
func checkUTF8(text []byte) error {
	if utf8.Valid(text) {
		return nil
	}
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			if size = bits.LeadingZeros8(^text[0]); size < 2 || size > 4 {
				return fmt.Errorf("Invalid UTF-8 start byte 0x%02x", text[0]) //lint:ignore ST1005 AWS's own wording
			}
			for _, b := range text[1:min(size, len(text))] {
				if b&0xC0 != 0x80 {
					return fmt.Errorf("Invalid UTF-8 middle byte 0x%02x", b) //lint:ignore ST1005 as above
				}
			}
		}
		text = text[min(size, len(text)):]
	}
	return nil
}
