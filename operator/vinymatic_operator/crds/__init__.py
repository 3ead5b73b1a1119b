"""The CustomResourceDefinitions and docs/resources.md, both made from the models in `vinymatic_operator.resources`."""
