"""The .4dgs format (open draft, version 1): Gaussians that live for a time and move straight meanwhile, in one file."""

from spag4d.formats.fourdgs_read import FourdgsFile
from spag4d.formats.fourdgs_records import MAGIC
from spag4d.formats.fourdgs_write import write_fourdgs
from spag4d.formats.moving import MovingFormat

FOURDGS = MovingFormat("4dgs", "4DGS", lambda path, head: head.startswith(MAGIC), FourdgsFile, write_fourdgs)
