"""What leaves a site: the bundle of a trial, made from its rows and attacked before it is written."""
