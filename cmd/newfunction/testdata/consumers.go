package main

import "example/infra/serverless"

// hidden declares components where the command does not add lines.
func hidden(env *serverless.Environment) error {
	if _, err := serverless.NewTopic(env, "hidden-topic", nil); err != nil {
		return err
	}
	_, err := serverless.NewQueue(env, "hidden-queue", nil)
	return err
}
