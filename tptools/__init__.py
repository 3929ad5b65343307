"""Tools behind the companion of the paper on persistent exciton diffusivity in CsPbBr3.

Each module is one stage of the way from laser power to diffusivity, and none knows the book:

===================== =========================================================
`tptools.companion.paper`       numbers the paper prints, each with its place
`tptools.estimate`    a measured value with its standard error
`tptools.excitation`  laser power to excitations per nanocrystal (Note 6)
`tptools.kmc`         excitons hopping over nanocrystals that remember (Note 2)
`tptools.instruments` what a detector would have recorded of them (Note 3)
`tptools.noise`       data simulated as the paper does (Note 7)
`tptools.fitting`     from records to numbers with error bars
`tptools.companion.datasets`    the files the book reads
`tptools.companion.recipes`     what each simulated dataset is made of
`tptools.companion.make`        makes them
`tptools.companion.claims`      reported against recomputed
`tptools.plotting`    the pictures that own records need
`tptools.companion.figures`    figures of the book
===================== =========================================================
"""

__version__ = "0.1.0"
