"""The words of the API: group, version, kinds, labels and annotations, used alike in CRDs, code and docs."""

from __future__ import annotations

GROUP = "vinymatic.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

INDEX_KIND = "VinylIndex"
BACKUP_KIND = "VinylBackup"
RESTORE_KIND = "VinylRestore"

# Labels of what the operator makes. `INDEX` carries the VinylIndex's name.
INDEX_LABEL = f"{GROUP}/index"
STEP_LABEL = f"{GROUP}/step"
KEY_LABEL = f"{GROUP}/key"
ATTEMPT_LABEL = f"{GROUP}/attempt"
OWNER_LABEL = f"{GROUP}/owner"  # the VinylBackup or VinylRestore that a Job works for
MANAGED_BY = "app.kubernetes.io/managed-by"
OPERATOR_NAME = "vinymatic-operator"

# Annotations that ask for something, on the VinylIndex. The value is a time; another value is another request.
RETRAIN_AT = f"{GROUP}/retrain-at"
PROMOTE_AT = f"{GROUP}/promote-at"
ROLLBACK_AT = f"{GROUP}/rollback-at"

# Annotations that the operator writes. On Jobs:
RESULT = f"{GROUP}/result"  # what the Job's command wrote to RESULT_FILE
REQUEST = f"{GROUP}/request"  # the value of the annotation that asked for this Job
REASON = f"{GROUP}/reason"
SCHEDULED_FOR = f"{GROUP}/scheduled-for"  # on a VinylBackup: the time of the schedule that made it
# On the API Deployment's pod template, as a person sees them in `kubectl describe`:
ROLLED_FOR = f"{GROUP}/rolled-for"
ROLLED_AT = f"{GROUP}/rolled-at"

# Kept on a VinylIndex with deletionPolicy Delete until its objects are gone.
FINALIZER = f"{GROUP}/erase"

# Environment of the API's pods that a roll-out changes.
EPOCH_VARIABLE = "INDEX_EPOCH"
MANIFEST_VARIABLE = "INDEX_MIN_MANIFEST"
