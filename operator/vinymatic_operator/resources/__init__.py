"""What users write and read: the custom resources of `vinymatic.io/v1alpha1`, as pydantic models. The CRDs are made from them."""
