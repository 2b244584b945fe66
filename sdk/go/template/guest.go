// Signs every answer. docs/guest-abi.md is the reference.
package main

import "realm.example/guest"

func answer(prompt string, options *guest.Options) (string, error) {
	text, err := guest.Generate(0, prompt, options)
	if err != nil {
		return "", err
	}
	if signature, ok := guest.Setting("signature"); ok {
		text += " -- " + signature
	}
	return text, nil
}

func init() { guest.Handle(answer) }

func main() {}
