package build_test

import (
	"context"
	"errors"
	"fmt"

	"grove.place/lattice/build"
)

// What `lattice build` does, without the configuration: the program of a folder to build/dist.
func ExampleBuild() {
	_ = func(ctx context.Context, dir string) error {
		result, err := build.Build(ctx, build.Options{Dir: dir})
		var failed *build.CompileError
		if errors.As(err, &failed) {
			return fmt.Errorf("%s does not compile:\n%s", failed.Package, failed.Output)
		}
		if err != nil {
			return err
		}
		fmt.Println(result.Summary(), result.Manifest.Summary())
		return nil
	}
}
